import { Cron } from 'croner';
import type { Instant } from '../../env/clock.ts';

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const ends = [59, 23, 31, 12, 6];
const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, µs: 1e-3, ns: 1e-6 };
const hourMs = 3_600_000;
const utc: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC']);

/**
 * The times of a schedule in a time zone, as Kubernetes has them: a time of day that a change of the clocks leaves out is left out,
 * one that comes twice comes twice. Computes times and nothing else: it starts no timer and reads no clock.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
 */
export class CronTimes {
  readonly #everyMs: number | undefined;
  readonly #cron: Cron | undefined;
  /** What the clocks show; undefined where they are never put back. */
  readonly #wall: Intl.DateTimeFormat | undefined;

  /** `schedule` has passed validation. The zone is UTC unless given. */
  constructor(schedule: string, timeZone = 'UTC') {
    this.#wall = utc.has(timeZone) ? undefined : new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'short', timeStyle: 'short' });
    if (schedule.startsWith('@every ')) {
      this.#everyMs = Math.max(1000, Math.floor(durationMs(schedule.slice('@every '.length)) / 1000) * 1000);
      this.#cron = undefined;
      return;
    }
    this.#everyMs = undefined;
    this.#cron = new Cron(descriptors[schedule] ?? normalized(schedule), { mode: '5-part', timezone: timeZone, paused: true });
  }

  /** The first time after `after`; undefined if there is none (the 31st of February). */
  next(after: Instant): Instant | undefined {
    if (this.#everyMs !== undefined) return Math.floor(after / 1000) * 1000 + this.#everyMs;
    const repeated = this.#repeated(after);
    let next = this.#cron!.nextRun(new Date(after))?.getTime();
    // A time that does not exist on its day is moved by the library; here it is left out.
    while (next !== undefined && !this.#cron!.match(new Date(next))) next = this.#cron!.nextRun(new Date(next))?.getTime();
    return repeated !== undefined && (next === undefined || repeated < next) ? repeated : next;
  }

  /** The second coming of a time, when the clocks are put back. */
  #repeated(after: Instant): Instant | undefined {
    if (this.#wall === undefined) return undefined;
    const [last] = this.#cron!.previousRuns(1, new Date(after + 1));
    if (last === undefined) return undefined;
    const again = last.getTime() + hourMs;
    return again > after && this.#wall.format(again) === this.#wall.format(last) ? again : undefined;
  }
}

/** What the library does not read as Kubernetes does: `?`, and `5/15` for `5-59/15`. */
function normalized(schedule: string): string {
  const field = (text: string, i: number): string =>
    text
      .split(',')
      .map((part) => part.replace(/^\?/, '*').replace(/^(\w+)\/(\d+)$/, (_all, from: string, step: string) => `${from}-${ends[i]}/${step}`))
      .join(',');
  return schedule.trim().split(/\s+/).map(field).join(' ');
}

function durationMs(text: string): number {
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+(?:\.[0-9]*)?)(ns|us|µs|ms|s|m|h)/g)) sum += Number(amount) * unitMs[unit!]!;
  return sum;
}
