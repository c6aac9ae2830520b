import type { Instant } from '../env/clock.ts';
import type { EndingCause, PodAction, PodDecision, PodPicture } from './pod-actions.ts';
import { earlier } from './pod-actions.ts';
import { isRunning } from './pod-containers.ts';
import type { PodContainer } from './pod-containers.ts';
import { stopSteps } from './stop-steps.ts';

/** The grace of a pod whose object was taken away by force: the smallest the kubelet gives. */
const forcedGraceMs = 1000;

/** How long the pod's containers may take to end. */
export function graceMsOf({ pod }: PodPicture, cause: EndingCause): number {
  const own = pod.spec?.terminationGracePeriodSeconds ?? 30;
  if (cause === 'gone') return forcedGraceMs;
  return (cause === 'deleted' ? (pod.metadata.deletionGracePeriodSeconds ?? own) : own) * 1000;
}

/**
 * Ends a pod: wait until the proxy has drained it, preStop, stop (sidecars last, in reverse order), stop the sandbox, remove it
 * if the pod is to go altogether, finish.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
 */
export function endingActions(picture: PodPicture, cause: EndingCause): PodDecision {
  const { memory, now, sandboxes } = picture;
  const since = memory.endingAtMs ?? now;
  const graceMs = graceMsOf(picture, cause);
  const deadline = since + graceMs;
  const drainUntil = drainEnd(picture, cause, since, graceMs);
  if (drainUntil !== undefined && now < drainUntil) return { actions: [], wakeAt: drainUntil };

  const stops = stopEverything(picture, deadline, graceMs);
  // What is being made is waited for: once it is there it is stopped like the rest.
  if (stops !== undefined || memory.starting !== undefined || memory.makingSandbox) {
    return stops ?? { actions: [], wakeAt: undefined };
  }
  if (sandboxes.length > 0 && now < memory.stopRetryAtMs) return { actions: [], wakeAt: memory.stopRetryAtMs };
  const actions: PodAction[] = [];
  for (const { id, ready } of sandboxes) {
    if (memory.busy?.has(id) === true) continue;
    if (ready || memory.stoppedSandboxes?.has(id) !== true) actions.push({ type: 'stop-sandbox', id });
    else if (cause === 'gone' || cause === 'deleted') actions.push({ type: 'remove-sandbox', id });
  }
  if (sandboxes.length === 0 && (cause === 'gone' || cause === 'deleted')) actions.push({ type: 'finish' });
  return { actions, wakeAt: undefined };
}

function drainEnd({ draining, drainMs, memory }: PodPicture, cause: EndingCause, since: Instant, graceMs: number): Instant | undefined {
  if (!draining || cause !== 'deleted') return undefined;
  // A second delete may have shortened the grace meanwhile; what was told to stop is not waited for again.
  return memory.stopping !== undefined ? undefined : since + Math.min(drainMs, graceMs);
}

/** The steps that are due for what still runs; undefined if nothing runs. */
function stopEverything(picture: PodPicture, deadline: Instant, graceMs: number): PodDecision | undefined {
  const { init, main, ephemeral } = picture.containers;
  const first = [...init.filter(({ type }) => type === 'init'), ...main, ...ephemeral].filter(isRunning);
  const sidecars = init.filter(({ type }) => type === 'sidecar').filter(isRunning);
  if (first.length === 0 && sidecars.length === 0) return undefined;
  const actions: PodAction[] = [];
  let wakeAt: Instant | undefined;
  const stop = (container: PodContainer, itsTurn: boolean): void => {
    const steps = stopSteps(picture, container, { deadline, graceMs, itsTurn, message: `Stopping container ${container.spec.name}` });
    actions.push(...steps.actions);
    wakeAt = earlier(wakeAt, steps.wakeAt);
  };
  for (const container of first) stop(container, true);
  sidecars.forEach((container, i) => stop(container, first.length === 0 && i === sidecars.length - 1));
  return { actions, wakeAt };
}
