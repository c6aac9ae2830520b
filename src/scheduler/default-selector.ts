import type { ReplicaSetManifest, ReplicationControllerManifest, ServiceManifest } from '../api/generated/models.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import type { FollowedObjects } from './followed-objects.ts';
import type { PodInfo } from './pod-info.ts';

/** The kinds of objects that `defaultSelector` looks at. */
export const selectingKinds = ['Service', 'ReplicationController', 'ReplicaSet', 'StatefulSet'] as const;

type Labels = Readonly<Record<string, string>>;

/**
 * The pods a pod belongs to, for spreading by default: what the Services that select it and its controller select together.
 * Selects everything if it belongs to none.
 */
export function defaultSelector(pod: PodInfo, objects: FollowedObjects): LabelMatcher {
  const labels: Record<string, string> = {};
  for (const service of objects.in('Service', pod.namespace)) {
    const { selector } = (service as ServiceManifest).spec ?? {};
    if (selector !== undefined && isSubset(selector, pod.labels)) Object.assign(labels, selector);
  }
  const owner = controllerOf(pod);
  const object = owner === undefined ? undefined : objects.get(owner.kind, pod.namespace, owner.name);
  if (object === undefined) return LabelMatcher.ofMap(labels);
  if (object.kind === 'ReplicationController')
    return LabelMatcher.ofMap({ ...labels, ...(object as ReplicationControllerManifest).spec?.selector });
  const { selector } = (object as ReplicaSetManifest).spec ?? {};
  const own = Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return LabelMatcher.of({ ...selector, matchExpressions: [...own, ...(selector?.matchExpressions ?? [])] });
}

const controllerOf = ({ object }: PodInfo) => object.metadata.ownerReferences?.find(({ controller }) => controller === true);

/** Equal for pods of one controller. */
export function ownerKey(pod: PodInfo): string {
  const owner = controllerOf(pod);
  return owner === undefined ? '' : `${owner.kind}/${owner.name}`;
}

/** A Service without a selector selects nothing. */
function isSubset(selector: Labels, labels: Labels): boolean {
  const entries = Object.entries(selector);
  return entries.length > 0 && entries.every(([key, value]) => labels[key] === value);
}
