import type { PlannedEvent } from '../controller.ts';
import { parseTime } from '../../api/time.ts';
import { isFinished, refOf, type Pod } from '../pods.ts';
import { isLeaving, type DaemonPass, type DaemonPlace } from './daemon-pass.ts';

/** A Pod that ended is kept for so long before another one takes its place, so that one that cannot run is not made in a circle. */
const endedKeptMs = 1000;

export interface Placement {
  readonly events: readonly PlannedEvent[];
  readonly requeueAfterMs?: number;
}

/** One Pod on every node that is to have one, none on the others. */
export function place(pass: DaemonPass, surge: boolean): Placement {
  const events: PlannedEvent[] = [];
  let wait = Number.POSITIVE_INFINITY;
  for (const at of pass.places) {
    if (!at.mayKeep) {
      for (const pod of at.pods) if (!isLeaving(pod)) pass.deletions.add(pod);
      continue;
    }
    if (at.shouldRun && at.pods.length === 0) pass.creations.add(at.node);
    const running: Pod[] = [];
    for (const pod of at.pods) {
      if (isLeaving(pod)) continue;
      if (!isFinished(pod)) running.push(pod);
      else {
        const rest = endedKeptMs - (pass.now - endedAt(pod));
        if (rest > 0) wait = Math.min(wait, rest);
        else {
          pass.deletions.add(pod);
          events.push(endedEvent(pass, pod, at));
        }
      }
    }
    for (const pod of surge ? excessOf(pass, running) : running.slice(1)) pass.deletions.add(pod);
  }
  return wait === Number.POSITIVE_INFINITY ? { events } : { events, requeueAfterMs: wait };
}

/** With maxSurge a node may have two: the oldest of each version, until the new one is available. */
function excessOf(pass: DaemonPass, running: readonly Pod[]): readonly Pod[] {
  const fresh = running.filter((pod) => pass.isNew(pod));
  const old = running.filter((pod) => !pass.isNew(pod));
  const surplus = [...fresh.slice(1), ...old.slice(1)];
  return fresh.length > 0 && old.length > 0 && pass.isAvailable(fresh[0]) ? [...surplus, old[0]!] : surplus;
}

function endedAt({ metadata, status }: Pod): number {
  const ends = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.terminated?.finishedAt ?? []);
  return Math.max(parseTime(metadata.creationTimestamp), ...ends.map(parseTime));
}

function endedEvent({ set }: DaemonPass, pod: Pod, { node }: DaemonPlace): PlannedEvent {
  const failed = pod.status?.phase === 'Failed';
  const { namespace, name } = pod.metadata;
  const found = `Found ${failed ? 'failed' : 'succeeded'} daemon pod ${namespace}/${name} on node ${node}`;
  return {
    regarding: refOf(set),
    type: failed ? 'Warning' : 'Normal',
    reason: failed ? 'FailedDaemonPod' : 'SucceededDaemonPod',
    message: `${found}, will try to ${failed ? 'kill' : 'delete'} it`,
  };
}
