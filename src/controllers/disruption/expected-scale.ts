import { resourceName, type KindDescriptor } from '../../api/kind.ts';
import type { KindIndex } from '../../api/kind-index.ts';
import type { StoredObject } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { controllerOf, type Pod } from '../pods.ts';

/** How many Pods there should be, by those who keep them. */
export interface ExpectedScale {
  readonly expected: number;
  /** Pods that nobody keeps. */
  readonly unmanaged: readonly string[];
  /** Why it cannot be known. */
  readonly problem?: string;
}

/** Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/#arbitrary-controllers-and-selectors */
export function expectedScale(view: ViewReader, kinds: KindIndex, pods: readonly Pod[]): ExpectedScale {
  const scales = new Map<string, number>();
  const unmanaged: string[] = [];
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined) {
      unmanaged.push(pod.metadata.name);
      continue;
    }
    if (scales.has(owner.uid)) continue;
    const object = view.byUid(owner.uid);
    const kind = kinds.byKind(owner.apiVersion, owner.kind);
    if (object === undefined || kind === undefined) {
      const problem = `found no controllers for pod ${JSON.stringify(pod.metadata.name)}`;
      return { expected: 0, unmanaged, problem };
    }
    const keeper = keeperOf(view, kinds, object, kind);
    const replicas = keeper.kind.scale === undefined ? undefined : replicasOf(keeper.object, keeper.kind.scale.specReplicasPath);
    if (replicas === undefined)
      return { expected: 0, unmanaged, problem: `${resourceName(keeper.kind)} does not implement the scale subresource` };
    scales.set(owner.uid, 0);
    scales.set(keeper.object.metadata.uid, replicas);
  }
  let expected = 0;
  for (const replicas of scales.values()) expected += replicas;
  return { expected, unmanaged };
}

/** A ReplicaSet of a Deployment is not asked: the Deployment is. */
function keeperOf(
  view: ViewReader,
  kinds: KindIndex,
  object: StoredObject,
  kind: KindDescriptor,
): { readonly object: StoredObject; readonly kind: KindDescriptor } {
  const above = kind.kind === 'ReplicaSet' ? controllerOf(object) : undefined;
  const deployment = above?.kind === 'Deployment' ? view.byUid(above.uid) : undefined;
  const deploymentKind = above && kinds.byKind(above.apiVersion, above.kind);
  return deployment === undefined || deploymentKind === undefined ? { object, kind } : { object: deployment, kind: deploymentKind };
}

function replicasOf(object: StoredObject, path: string): number | undefined {
  let value: unknown = object;
  for (const field of path.split('.').filter((each) => each !== '')) value = (value as Record<string, unknown> | undefined)?.[field];
  return typeof value === 'number' ? value : undefined;
}
