import type { Instant } from '../env/clock.ts';

/** How long to hold back the next attempt, and since when that delay has been in force. */
export interface BackOff {
  readonly delayMs: number;
  readonly sinceMs: Instant;
}

/** 10 s, doubled after each failure, at most 5 min; forgotten after twice the longest delay without a failure. */
export const backOffMsFirst = 10_000;
export const backOffMsMax = 300_000;
const forgetAfterMs = 2 * backOffMsMax;

const forgotten = (backOff: BackOff | undefined, failedAtMs: Instant): backOff is undefined =>
  backOff === undefined || failedAtMs - backOff.sinceMs > forgetAfterMs;

/** When a container that ended at `endedAtMs` may start again: the first time at once, then after its delay. */
export function restartAt(backOff: BackOff | undefined, endedAtMs: Instant): Instant {
  return forgotten(backOff, endedAtMs) ? endedAtMs : endedAtMs + backOff.delayMs;
}

/** The delay that is in force once a container that ended at `endedAtMs` is started again at `now`. */
export function afterRestart(backOff: BackOff | undefined, endedAtMs: Instant, now: Instant): BackOff {
  if (forgotten(backOff, endedAtMs)) return { delayMs: backOffMsFirst, sinceMs: now };
  return { delayMs: Math.min(backOff.delayMs * 2, backOffMsMax), sinceMs: now };
}

/** The delay after an image could not be pulled at `now`: unlike a restart, the first repeat waits already. */
export function afterFailedPull(backOff: BackOff | undefined, now: Instant): BackOff {
  return afterRestart(backOff, now, now);
}

/** A duration in Kubernetes' notation, as in `back-off 2m40s restarting failed container`. */
export function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds % 60}s`;
}
