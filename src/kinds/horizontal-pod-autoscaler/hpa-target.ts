import type { LabelSelector, V2HorizontalPodAutoscalerManifest } from '../../api/generated/models.ts';
import { resourceName, type KindDescriptor } from '../../api/kind.ts';
import type { KindIndex } from '../../api/kind-index.ts';
import { LabelMatcher } from '../../api/label-matcher.ts';
import type { KubeObject, Stored, StoredObject } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { ParseError } from '../../errors.ts';

/** What an autoscaler scales. */
export interface ScaleTarget {
  readonly kind: KindDescriptor;
  readonly object: StoredObject;
  /** What it asks for, and what there is. */
  readonly replicas: number;
  readonly present: number;
  /** Which Pods are its own; undefined if its scale does not say so, or not in a way that makes sense. */
  readonly matcher: LabelMatcher | undefined;
}

/** The target, or why there is none. */
export function targetOf(view: ViewReader, kinds: KindIndex, autoscaler: Stored<V2HorizontalPodAutoscalerManifest>): ScaleTarget | string {
  const { apiVersion = '', kind: kindName, name } = autoscaler.spec!.scaleTargetRef;
  const kind = kinds.byKind(apiVersion, kindName);
  if (kind === undefined) return `no matches for kind ${JSON.stringify(kindName)} in group ${JSON.stringify(apiVersion.split('/')[0])}`;
  if (kind.scale === undefined) return `${resourceName(kind)} has no scale`;
  const object = view.get(kind, autoscaler.metadata.namespace, name) as StoredObject | undefined;
  if (object === undefined) return `${resourceName(kind)} ${JSON.stringify(name)} not found`;
  const { specReplicasPath, statusReplicasPath } = kind.scale;
  return {
    kind,
    object,
    replicas: (at(object, specReplicasPath) as number | undefined) ?? 1,
    present: (at(object, statusReplicasPath) as number | undefined) ?? 0,
    matcher: selectorOf(kind, object),
  };
}

/** Which Pods an object of a kind that can be scaled has; undefined if its scale does not say so, or not in a way that makes sense. */
export function selectorOf({ scale }: KindDescriptor, object: StoredObject): LabelMatcher | undefined {
  return scale === undefined || scale.selectorPath === '' ? undefined : matcherOf(at(object, scale.selectorPath));
}

/** A selector, a map of labels (of a ReplicationController), or text (of a custom resource). */
function matcherOf(selector: unknown): LabelMatcher | undefined {
  try {
    if (typeof selector === 'string') return selector === '' ? undefined : LabelMatcher.parse(selector);
    if (selector === undefined || selector === null || typeof selector !== 'object' || Object.keys(selector).length === 0) return undefined;
    const isMap = !('matchLabels' in selector) && !('matchExpressions' in selector);
    return isMap ? LabelMatcher.ofMap(selector as Readonly<Record<string, string>>) : LabelMatcher.of(selector as LabelSelector);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** The target with another number of replicas. */
export function withReplicas({ kind, object }: ScaleTarget, replicas: number): KubeObject {
  return set(object, fields(kind.scale!.specReplicasPath), replicas) as KubeObject;
}

const fields = (path: string): readonly string[] => path.split('.').filter((field) => field !== '');

const at = (object: unknown, path: string): unknown =>
  fields(path).reduce<unknown>((value, field) => (value as Record<string, unknown> | undefined)?.[field], object);

function set(object: object, [field, ...rest]: readonly string[], value: unknown): object {
  if (field === undefined) return object;
  const below = (object as Record<string, unknown>)[field];
  return { ...object, [field]: rest.length === 0 ? value : set((below as object | undefined) ?? {}, rest, value) };
}
