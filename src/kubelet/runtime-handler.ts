import { RuntimeError } from '../errors.ts';
import { runtimeClassKind } from '../kinds/runtime-class.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { StoredPod } from './pod-containers.ts';

/**
 * The handler of the runtime that a pod's RuntimeClass names; '' for the runtime's usual one. Throws, in Kubernetes' words, where the
 * class has gone since the pod was admitted, or the runtime has no such handler.
 */
export function runtimeHandlerOf({ view, runtimeHandlers }: KubeletParts, { spec }: StoredPod): string {
  const name = spec?.runtimeClassName ?? '';
  if (name === '') return '';
  const found = view.get(runtimeClassKind, undefined, name);
  if (found === undefined) throw new RuntimeError('RUNTIME_CONFIG', `runtimeclass.node.k8s.io ${JSON.stringify(name)} not found`);
  const { handler } = found;
  if (handler !== '' && !runtimeHandlers.includes(handler))
    throw new RuntimeError('RUNTIME_CONFIG', `failed to get sandbox runtime: no runtime for ${JSON.stringify(handler)} is configured`);
  return handler;
}
