import type { Instant } from '../env/clock.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { endOf, restarts } from './pod-containers.ts';
import type { PodContainer, PodContainers, StoredPod } from './pod-containers.ts';
import type { PodMemory, WaitingReason } from './pod-memory.ts';
import type { ProbeKind } from './probe-state.ts';

/** Everything a decision about one pod is made from. Nothing of it is changed. */
export interface PodPicture {
  readonly pod: StoredPod;
  /** What the runtime has of the pod, oldest attempt first. */
  readonly sandboxes: readonly SandboxReport[];
  readonly containers: PodContainers;
  readonly memory: Readonly<PodMemory>;
  readonly now: Instant;
  /** The pod must leave the service proxy before it is told to stop; false once it has (or never was behind it). */
  readonly draining: boolean;
  /** How long to wait for that, inside the grace period. */
  readonly drainMs: number;
}

/** One thing to be done for a pod. The worker does it and folds the outcome into the pod's memory. */
export type PodAction =
  /** `previous` is a dead sandbox to be cleaned up first. */
  | { readonly type: 'make-sandbox'; readonly attempt: number; readonly previous: string | undefined }
  /** The sandbox is there, its volumes are not. */
  | { readonly type: 'prepare-volumes'; readonly sandbox: SandboxReport }
  | { readonly type: 'start-container'; readonly container: PodContainer; readonly sandbox: SandboxReport }
  /** Shows why a container is not started yet. */
  | { readonly type: 'hold-back'; readonly container: PodContainer; readonly waiting: WaitingReason }
  | { readonly type: 'probe'; readonly container: PodContainer; readonly kind: ProbeKind }
  | { readonly type: 'pre-stop'; readonly container: PodContainer; readonly timeoutMs: number; readonly message: string }
  | { readonly type: 'stop-container'; readonly container: PodContainer; readonly graceMs: number; readonly message: string }
  | { readonly type: 'remove-container'; readonly id: string }
  | { readonly type: 'stop-sandbox'; readonly id: string }
  | { readonly type: 'remove-sandbox'; readonly id: string }
  /** Nothing is left in the runtime: the final status and then the end of the object. */
  | { readonly type: 'finish' };

export interface PodDecision {
  readonly actions: readonly PodAction[];
  /** When to decide again though nothing has happened. */
  readonly wakeAt: Instant | undefined;
}

/** Why a pod ends. The first that holds counts. */
export type EndingCause = 'gone' | 'deleted' | 'verdict' | 'phase' | 'complete';

export const isTerminalPhase = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

/** Why the pod must end, or undefined if it is to run. */
export function endingCause(pod: StoredPod, containers: PodContainers, memory: Readonly<PodMemory>): EndingCause | undefined {
  if (memory.gone) return 'gone';
  if (pod.metadata.deletionTimestamp !== undefined) return 'deleted';
  if (memory.verdict !== undefined) return 'verdict';
  if (isTerminalPhase(pod.status?.phase)) return 'phase';
  return isComplete(pod, containers) ? 'complete' : undefined;
}

/** True if every container has ended for good, or an init container has failed for good. */
function isComplete(pod: StoredPod, { init, main }: PodContainers): boolean {
  if (pod.spec?.restartPolicy === undefined || pod.spec.restartPolicy === 'Always') return false;
  const over = (container: PodContainer): boolean => {
    const end = endOf(container);
    return end !== undefined && !restarts(pod, container.type, end.exitCode);
  };
  if (init.some((each) => each.type === 'init' && over(each) && endOf(each)?.exitCode !== 0)) return true;
  return main.length > 0 && main.every(over);
}

/** When the pod's `activeDeadlineSeconds` are over. */
export function deadlineOf(pod: StoredPod, startedAtMs: Instant): Instant | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  return seconds === undefined ? undefined : startedAtMs + seconds * 1000;
}

/** The earlier of two instants, either of which may be missing. */
export function earlier(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  return b === undefined || a < b ? a : b;
}
