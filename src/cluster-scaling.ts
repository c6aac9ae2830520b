import type { Client } from './api/client.ts';
import { resourceName, type KindDescriptor } from './api/kind.ts';
import type { KubeObject, Stored } from './api/object.ts';
import { horizontalPodAutoscalerKind } from './kinds/horizontal-pod-autoscaler.ts';

/**
 * The manifest with the number of replicas that an autoscaler found, where there is one: who applies a manifest again does not mean
 * to undo its work. (Over HTTP an apply sets what it says, as in Kubernetes.)
 */
export function withScaledReplicas(
  client: Client,
  kind: KindDescriptor,
  manifest: KubeObject,
  before: Stored<KubeObject> | undefined,
  onWarning: ((message: string) => void) | undefined,
): KubeObject {
  const wanted = replicasOf(manifest);
  const present = replicasOf(before);
  if (kind.scale?.specReplicasPath !== '.spec.replicas' || wanted === undefined || present === undefined || wanted === present)
    return manifest;
  const { name = '', namespace = 'default' } = manifest.metadata ?? {};
  const autoscaler = client.list(horizontalPodAutoscalerKind, { namespace }).find(({ spec }) => {
    const { apiVersion = '', kind: targetKind, name: targetName } = spec!.scaleTargetRef;
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    return targetKind === kind.kind && targetName === name && group === kind.group;
  });
  if (autoscaler === undefined) return manifest;
  const why = `HorizontalPodAutoscaler ${JSON.stringify(autoscaler.metadata.name)} decides it`;
  onWarning?.(`${resourceName(kind)} ${JSON.stringify(name)}: spec.replicas is left at ${present}, not set to ${wanted}: ${why}`);
  return { ...manifest, spec: { ...specOf(manifest), replicas: present } } as KubeObject;
}

const replicasOf = (object: KubeObject | undefined): number | undefined => (object === undefined ? undefined : specOf(object)?.replicas);

const specOf = (object: KubeObject): { readonly replicas?: number } | undefined =>
  (object as { readonly spec?: { readonly replicas?: number } }).spec;
