import { parseTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import type { Measurement } from '../../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
import type { Pod } from '../pods.ts';

/** Within this time of its start the CPU of a Pod counts only once it is ready. */
const cpuInitializationMs = 300_000;
/** A Pod that was not ready in this time of its start, and is not now, has never been. */
const initialReadinessMs = 30_000;

/** A target's Pods by how far their measurements can be trusted. */
export interface PodGroups {
  /** Pods that count, with what was measured of them. */
  readonly measured: Map<string, number>;
  readonly unready: readonly string[];
  /** Pods of which nothing was measured. */
  readonly missing: readonly string[];
}

/** Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details */
export function groupPods(pods: readonly Pod[], measured: ReadonlyMap<string, Measurement>, isCpu: boolean, now: Instant): PodGroups {
  const groups = { measured: new Map<string, number>(), unready: [] as string[], missing: [] as string[] };
  for (const pod of pods) {
    const { uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined || pod.status?.phase === 'Failed') continue;
    const measurement = measured.get(uid);
    if (pod.status?.phase === 'Pending') groups.unready.push(uid);
    else if (measurement === undefined) groups.missing.push(uid);
    else if (isCpu && isUnready(pod, measurement, now)) groups.unready.push(uid);
    else groups.measured.set(uid, measurement.milli);
  }
  return groups;
}

function isUnready(pod: Pod, measurement: Measurement, now: Instant): boolean {
  const ready = pod.status?.conditions?.find((condition) => condition.type === 'Ready');
  const begun = pod.status?.startTime;
  if (ready === undefined || begun === undefined) return true;
  const since = ready.lastTransitionTime === undefined ? 0 : parseTime(ready.lastTransitionTime);
  if (parseTime(begun) + cpuInitializationMs > now) return ready.status === 'False' || measurement.atMs < since + measurement.windowMs;
  return ready.status === 'False' && parseTime(begun) + initialReadinessMs > since;
}
