import type { Instant } from '../env/clock.ts';
import type { PodAction, PodDecision, PodPicture } from './pod-actions.ts';
import type { PodContainer } from './pod-containers.ts';

/** A container is given this long to end even if preStop or waiting for its turn has used up the grace period. */
const graceMsMin = 2000;

export interface StopRequest {
  /** When the grace period is over. */
  readonly deadline: Instant;
  readonly graceMs: number;
  /** False while a sidecar must wait for those that end before it. */
  readonly itsTurn: boolean;
  /** The message of the Killing event. */
  readonly message: string;
}

/** What is due to stop one running container: preStop (while there is grace), its turn, the stop; again if the grace was cut. */
export function stopSteps({ memory, now }: PodPicture, container: PodContainer, request: StopRequest): PodDecision {
  const { deadline, graceMs, itsTurn, message } = request;
  const id = container.current!.id;
  const progress = memory.stopping?.get(id);
  const left = deadline - now;
  const act = (action: PodAction): PodDecision => ({ actions: [action], wakeAt: undefined });
  const hook = container.spec.lifecycle?.preStop;
  if (progress?.killAtMs !== undefined) {
    const killAtMs = Math.max(deadline, now + Math.min(graceMsMin, graceMs));
    return killAtMs < progress.killAtMs ? act({ type: 'stop-container', container, graceMs: killAtMs - now, message }) : nothing;
  }
  if (progress === undefined && now < memory.stopRetryAtMs) return { actions: [], wakeAt: memory.stopRetryAtMs };
  if (progress === undefined && hook !== undefined && left > 0) return act({ type: 'pre-stop', container, timeoutMs: left, message });
  // A hook may overrun the grace period by the two seconds that every container gets.
  if (progress?.preStop === 'running' && left > 0) return { actions: [], wakeAt: deadline };
  if (!itsTurn && left > 0) return { actions: [], wakeAt: deadline };
  return act({ type: 'stop-container', container, graceMs: Math.max(left, Math.min(graceMsMin, graceMs)), message });
}

const nothing: PodDecision = { actions: [], wakeAt: undefined };
