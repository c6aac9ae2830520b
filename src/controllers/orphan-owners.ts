import type { KindDescriptor } from '../api/kind.ts';
import type { LabelMatcher } from '../api/label-matcher.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { ObjectChange } from './controller.ts';
import { controllerOf } from './pods.ts';

/**
 * The owners of a kind that a change of a dependent concerns: those that control it or did, and, for one that nobody controls,
 * those whose selector matches.
 */
export function* orphanOwners<M extends KubeObject>(
  change: ObjectChange,
  view: ViewReader,
  kind: KindDescriptor<M>,
  matcherOf: (owner: Stored<M>) => LabelMatcher,
): Iterable<string> {
  const namespace = change.object.metadata.namespace;
  for (const object of change.previous === undefined ? [change.object] : [change.object, change.previous]) {
    const owner = controllerOf(object);
    if (owner?.kind === kind.kind) yield `${namespace}/${owner.name}`;
  }
  if (controllerOf(change.object) !== undefined || change.type === 'deleted') return;
  for (const owner of view.list(kind, { namespace })) {
    if (matcherOf(owner).matches(change.object.metadata.labels)) yield `${namespace}/${owner.metadata.name}`;
  }
}
