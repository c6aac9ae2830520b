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
export function orphanOwners<M extends KubeObject>(
  { type, object, previous }: ObjectChange,
  view: ViewReader,
  kind: KindDescriptor<M>,
  matcherOf: (owner: Stored<M>) => LabelMatcher,
): readonly string[] {
  const { namespace, ownerReferences, labels } = object.metadata;
  const owner = controllerOf(object);
  const before = previous === undefined || previous.metadata.ownerReferences === ownerReferences ? owner : controllerOf(previous);
  // This is asked for every change of every Pod: most say nothing to most controllers.
  const keys: string[] = [];
  if (owner?.kind === kind.kind) keys.push(`${namespace}/${owner.name}`);
  if (before !== owner && before?.kind === kind.kind) keys.push(`${namespace}/${before.name}`);
  if (owner !== undefined || type === 'deleted') return keys;
  for (const each of view.list(kind, { namespace })) {
    if (matcherOf(each).matches(labels)) keys.push(`${namespace}/${each.metadata.name}`);
  }
  return keys;
}
