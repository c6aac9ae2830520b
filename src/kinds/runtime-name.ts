import type { NodeManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';

/** The name of the runtime that runs a node's pods, from what its kubelet reported (`process://0.1.0`); undefined before that. */
export function runtimeOf(node: Stored<NodeManifest>): string | undefined {
  const version = node.status?.nodeInfo?.containerRuntimeVersion;
  return version === undefined || version === '' ? undefined : version.split('://')[0];
}
