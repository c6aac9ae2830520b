import type { Container, ContainerStatus } from '../api/generated/models.ts';
import { restarts } from './pod-containers.ts';
import type { ContainerType, StoredPod } from './pod-containers.ts';

export interface PhaseInput {
  readonly pod: StoredPod;
  readonly init: readonly ContainerStatus[];
  readonly main: readonly ContainerStatus[];
  /** Nothing runs any more and nothing will be started. */
  readonly over: boolean;
}

/**
 * The phase that follows from the containers' statuses.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
 */
export function podPhase({ pod, init, main, over }: PhaseInput): string {
  const initialization = countInit(pod, init);
  if (initialization.failedForGood) return 'Failed';
  let { running, waiting } = initialization;
  let stopped = 0;
  let stoppedForGood = 0;
  let succeeded = 0;
  for (const { state, lastState } of main) {
    if (state?.running !== undefined) running++;
    else if (state?.terminated !== undefined) {
      stopped++;
      if (state.terminated.exitCode === 0) succeeded++;
      if (!restarts(pod, 'container', state.terminated.exitCode)) stoppedForGood++;
    } else if (lastState?.terminated !== undefined) stopped++;
    else waiting++;
  }
  const begun = main.some(({ state, lastState }) => state?.waiting === undefined || lastState?.terminated !== undefined);
  if (initialization.pending || (initialization.sidecarsPending && !begun) || waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (over || stopped === stoppedForGood) return stopped === succeeded ? 'Succeeded' : 'Failed';
  return 'Running';
}

interface Initialization {
  readonly pending: boolean;
  readonly sidecarsPending: boolean;
  readonly failedForGood: boolean;
  readonly running: number;
  readonly waiting: number;
}

const initialized: Initialization = Object.freeze({ pending: false, sidecarsPending: false, failedForGood: false, running: 0, waiting: 0 });

function countInit(pod: StoredPod, statuses: readonly ContainerStatus[]): Initialization {
  const specs = pod.spec?.initContainers;
  if (specs === undefined || specs.length === 0) return initialized;
  const count = { pending: false, sidecarsPending: false, failedForGood: false, running: 0, waiting: 0 };
  statuses.forEach((status, i) => {
    const type = typeOf(specs[i]);
    if (type === 'sidecar') {
      if (status.state?.running !== undefined) {
        count.running++;
        if (status.started !== true) count.sidecarsPending = true;
      } else if (status.state?.terminated === undefined && status.lastState?.terminated === undefined) {
        count.sidecarsPending = true;
        count.waiting++;
      }
      return;
    }
    const exitCode =
      status.state?.terminated?.exitCode ?? (status.state?.waiting === undefined ? undefined : status.lastState?.terminated?.exitCode);
    if (exitCode === undefined) count.pending = true;
    else if (exitCode !== 0 && !restarts(pod, 'init', exitCode)) count.failedForGood = true;
    else if (status.state?.terminated === undefined) count.pending = true;
    else if (exitCode !== 0) count.pending = true;
  });
  return count;
}

const typeOf = (spec: Container | undefined): ContainerType => (spec?.restartPolicy === 'Always' ? 'sidecar' : 'init');
