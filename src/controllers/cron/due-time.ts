import type { CronJobManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { parseTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import type { CronTimes } from './cron-times.ts';

/** So many runs may be missed before somebody should be told. */
const missedMax = 100;

export interface DueTime {
  /** The most recent time that has come and has had no Job. */
  readonly due: Instant | undefined;
  /** The next time after now. */
  readonly next: Instant | undefined;
  /** True if more than a hundred were missed. */
  readonly tooManyMissed: boolean;
}

/** Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#job-creation */
export function dueTime(cronJob: Stored<CronJobManifest>, times: CronTimes, now: Instant): DueTime {
  const { startingDeadlineSeconds: deadline } = cronJob.spec!;
  const last = cronJob.status?.lastScheduleTime;
  const since = parseTime(last ?? cronJob.metadata.creationTimestamp);
  const earliest = deadline === undefined ? since : Math.max(since, now - deadline * 1000);
  const first = times.next(earliest);
  if (first === undefined || now < first) return { due: undefined, next: first, tooManyMissed: false };
  const second = times.next(first);
  if (second === undefined || now < second) return { due: first, next: second, tooManyMissed: false };
  // All the times between are passed over in one step; only the last few are looked at one by one.
  const missed = Math.floor((now - first) / (second - first)) + 1;
  let due = missed > missedMax ? lastBefore(times, first, now) : first;
  let next = times.next(due);
  while (next !== undefined && next <= now) {
    due = next;
    next = times.next(due);
  }
  return { due, next, tooManyMissed: missed > missedMax };
}

/** A time of the schedule not long before `now`: looks back further and further. */
function lastBefore(times: CronTimes, first: Instant, now: Instant): Instant {
  for (let back = 60_000; now - back > first; back *= 8) {
    const time = times.next(now - back);
    if (time !== undefined && time <= now) return time;
  }
  return first;
}
