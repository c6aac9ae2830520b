/** A point in time: milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** A timer that was scheduled and can be taken back. */
export interface Timer {
  /** Takes the timer back; without effect once it has fired. May be repeated. */
  cancel(): void;
}

/**
 * All time comes from here. `SystemClock` is the machine's; `ManualClock` stands still until it is advanced.
 * Timers that fall due together fire in the order in which they were made.
 */
export interface Clock {
  /** True if time passes only when the host says so. */
  readonly virtual: boolean;
  /** The present, in milliseconds since the epoch. Never goes back by itself, but a system clock may be set. */
  now(): Instant;
  /** Calls `callback` once, at `at` or as soon as possible after it. A callback must not throw. */
  schedule(at: Instant, callback: () => void): Timer;
  /** Resolves after `ms` milliseconds of this clock; rejects with `AbortedError` if `signal` fires before. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Resolves once everything that can run without waiting for time or I/O has run (one turn of the event loop). */
  turn(): Promise<void>;
}

/** Measures how long a slice of work has held the event loop. Can influence nothing but when a pass yields. */
export interface SliceMeter {
  /** Milliseconds from an arbitrary point, monotonic. */
  elapsedMs(): number;
}
