import type { WaitOptions } from '../api/client.ts';
import type { Clock, Instant } from '../env/clock.ts';
import type { ManualClock } from '../env/manual-clock.ts';
import { AbortedError, ClosedError, ConfigurationError, NotSettlingError, WaitTimeoutError } from '../errors.ts';
import type { Loop, PassReport } from './loop.ts';

/** Passes without an end in sight before `settle` gives up. */
const settlePassesMax = 10_000;

/** Turns the loop: one pass, until quiet, for ever, or through virtual time. One pass runs at a time, whoever asks. */
export class Crank {
  readonly #loop: Loop;
  readonly #clock: Clock;
  readonly #onPass: (report: PassReport) => void;
  #tail: Promise<unknown> = Promise.resolve();
  /** Who turns the crank, asleep until there is something to do. */
  readonly #sleepers = new Set<() => void>();
  /** Who waits for what somebody else's passes bring. */
  readonly #spectators = new Set<() => void>();
  #signalled = false;
  #running = 0;
  #closed = false;

  constructor(loop: Loop, clock: Clock, onPass: (report: PassReport) => void) {
    this.#loop = loop;
    this.#clock = clock;
    this.#onPass = onPass;
    loop.onWake(() => this.wake());
  }

  /** One pass. */
  reconcile(): Promise<PassReport> {
    const turn = this.#tail.then(async () => {
      if (this.#closed) throw new ClosedError('the cluster');
      this.#signalled = false;
      const report = await this.#loop.pass();
      this.#onPass(report);
      for (const look of [...this.#spectators]) look();
      return report;
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Passes until nothing is due and nothing is in flight. Work in flight is waited for; under a ManualClock time moves on to where
   * it ends. Throws `NotSettlingError` if writes never end, and `WaitTimeoutError` after the time, if there is a limit.
   */
  async settle({ signal, timeoutMs = Infinity }: WaitOptions = {}): Promise<PassReport> {
    const deadline = this.#deadline(timeoutMs);
    const writers = new Map<string, number>();
    for (let pass = 0; pass < settlePassesMax; pass++) {
      if (signal?.aborted) throw new AbortedError('settle', signal.reason);
      const report = await this.reconcile();
      for (const { name, written } of report.controllers) if (written > 0) writers.set(name, (writers.get(name) ?? 0) + written);
      if (report.more || this.#signalled) continue;
      if (report.inFlight === 0) return report;
      if (this.#clock.now() >= deadline)
        throw new WaitTimeoutError(`timed out after ${timeoutMs} ms waiting for the cluster to settle`, `in flight: ${report.inFlight}`);
      const until = Math.min(report.wakeAt ?? Infinity, deadline);
      if (this.#clock.virtual) this.#moveTo(Math.min(this.#nextInstant(report) ?? this.#clock.now(), deadline));
      else await this.#sleepUntil(until === Infinity ? undefined : until, signal);
    }
    throw new NotSettlingError(
      [...writers]
        .sort((a, b) => b[1] - a[1])
        .slice(0, 3)
        .map(([name]) => name),
      settlePassesMax,
    );
  }

  /** Passes until the signal fires, asleep in between. Resolves when it has. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#clock.virtual) throw new ConfigurationError('run() needs a system clock: under a ManualClock use advance()');
    this.#running++;
    try {
      while (!signal.aborted && !this.#closed) {
        const report = await this.reconcile();
        if (!report.more && !this.#signalled) await this.#sleepUntil(report.wakeAt, signal).catch(() => undefined);
      }
    } finally {
      this.#running--;
    }
  }

  /** Moves a ManualClock on by `ms`, doing everything that falls due on the way, in order. */
  async advance(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#clock.virtual) throw new ConfigurationError('advance() needs a ManualClock: this cluster lives on the system clock');
    if (!(ms >= 0) || !Number.isFinite(ms)) throw new ConfigurationError(`advance() needs a duration from 0 on, found ${ms} ms`);
    const target = this.#clock.now() + ms;
    for (;;) {
      if (signal?.aborted) throw new AbortedError('advance', signal.reason);
      const report = await this.reconcile();
      if (report.more || this.#signalled) continue;
      const next = this.#nextInstant(report);
      if (next === undefined || next > target) {
        // What needs no time to pass, such as a write, ends within this advance.
        if (report.inFlight > 0) await this.#clock.turn();
        if (this.#signalled) continue;
        break;
      }
      this.#moveTo(next);
      await this.#clock.turn();
    }
    this.#moveTo(target);
    await this.reconcile();
  }

  /** Waits until `check` answers, turning the crank if nobody else does. */
  async waitFor<T>(what: string, check: () => T | undefined, describe: () => string, options: WaitOptions = {}): Promise<T> {
    const timeoutMs = options.timeoutMs ?? 60_000;
    const deadline = this.#deadline(timeoutMs);
    for (;;) {
      const answer = check();
      if (answer !== undefined) {
        // Whoever acts on it (a proxy, a kubelet) is told before the one who waits: a Service that is ready answers.
        if (this.#loop.participants.busy && !this.#closed) await this.reconcile();
        return answer;
      }
      if (options.signal?.aborted) throw new AbortedError(`waiting for ${what}`, options.signal.reason);
      if (this.#closed) throw new ClosedError('the cluster');
      if (this.#clock.now() >= deadline) throw new WaitTimeoutError(`timed out after ${timeoutMs} ms waiting for ${what}`, describe());
      await this.#stepTowards(deadline, options.signal);
    }
  }

  /** No time at all is a deadline too; what is not a duration would be none, and the wait would not end. */
  #deadline(timeoutMs: number): Instant {
    if (!(timeoutMs >= 0))
      throw new ConfigurationError(`timeoutMs: expected milliseconds, from 0 on (Infinity: no limit), found ${timeoutMs}`);
    return this.#clock.now() + timeoutMs;
  }

  /** Lets the pass that runs end, and refuses all others. */
  async close(): Promise<void> {
    this.#closed = true;
    this.wake();
    for (const look of [...this.#spectators]) look();
    await this.#tail;
  }

  async #stepTowards(deadline: Instant, signal: AbortSignal | undefined): Promise<void> {
    if (this.#running > 0) {
      await this.#sleepAmong(this.#spectators, deadline, signal);
      return;
    }
    const report = await this.reconcile();
    if (report.more || this.#signalled) return;
    if (this.#clock.virtual) {
      // What needs no time to pass, such as a simulated command, ends before any does.
      await this.#clock.turn();
      if (this.#signalled || signal?.aborted === true) return;
      this.#moveTo(Math.min(this.#nextInstant(report) ?? deadline, deadline));
      await this.#clock.turn();
    } else await this.#sleepUntil(Math.min(report.wakeAt ?? deadline, deadline), signal);
  }

  #nextInstant(report: PassReport): Instant | undefined {
    const timer = (this.#clock as ManualClock).next();
    if (timer === undefined || report.wakeAt === undefined) return timer ?? report.wakeAt;
    return Math.min(timer, report.wakeAt);
  }

  #moveTo(instant: Instant): void {
    const clock = this.#clock as ManualClock;
    clock.moveTo(instant);
    clock.fireDue();
  }

  /** There may be something to do before the time the last report named. */
  wake(): void {
    this.#signalled = true;
    if (this.#sleepers.size > 0) for (const wake of [...this.#sleepers]) wake();
  }

  /** Sleeps until something happens, until `at`, or until the signal fires. */
  async #sleepUntil(at: Instant | undefined, signal?: AbortSignal): Promise<void> {
    if (this.#signalled || this.#closed) return;
    await this.#sleepAmong(this.#sleepers, at, signal);
  }

  /** Sleeps until the others in the set are woken, until `at`, or until the signal fires. */
  async #sleepAmong(sleepers: Set<() => void>, at: Instant | undefined, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        timer?.cancel();
        sleepers.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = at === undefined ? undefined : this.#clock.schedule(at, done);
      sleepers.add(done);
      signal?.addEventListener('abort', done, { once: true });
      if (signal?.aborted) done();
    });
  }
}
