import type { SandboxReport } from '../runtimes/runtime.ts';
import { containerIdText } from './container-statuses.ts';
import { isTerminalPhase } from './pod-actions.ts';
import type { StoredPod } from './pod-containers.ts';
import { referencesOf } from './pod-volumes.ts';

/**
 * True if there is nothing to do for a pod with these sandboxes, and nothing to be remembered: it runs as it was made, in one sandbox
 * and without a restart, or it is over and stopped. Volumes and references to other objects ask for attention by themselves.
 */
export function canRest(pod: StoredPod, sandboxes: readonly SandboxReport[]): boolean {
  if ((pod.spec?.volumes?.length ?? 0) > 0 || referencesOf(pod) !== undefined) return false;
  if (isTerminalPhase(pod.status?.phase)) return sandboxes.every(({ ready }) => !ready);
  const [sandbox] = sandboxes;
  if (sandbox === undefined || sandboxes.length > 1 || !sandbox.ready || sandbox.notices.length > 0) return false;
  return sandbox.containers.length === containerCount(pod);
}

/** True if a pod at rest is still as its status says. */
export function isAsTold(pod: StoredPod, sandboxes: readonly SandboxReport[], runtimeName: string): boolean {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  const told = new Map<string | undefined, boolean>();
  for (const { containerID, state } of [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses])
    told.set(containerID, state?.running !== undefined);
  const same = sandboxes.every(({ containers }) =>
    containers.every((each) => told.get(containerIdText(runtimeName, each)) === (each.state.state === 'running')),
  );
  return same && canRest(pod, sandboxes);
}

const containerCount = ({ spec }: StoredPod): number =>
  (spec?.containers.length ?? 0) + (spec?.initContainers?.length ?? 0) + (spec?.ephemeralContainers?.length ?? 0);
