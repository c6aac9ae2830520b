import PQueue from 'p-queue';
import type { Clock, Instant } from '../env/clock.ts';
import { ClosedError, RuntimeError } from '../errors.ts';
import type { CallOptions, Runtime } from '../runtimes/runtime.ts';

/**
 * Where a call queues. `work`: sandboxes, containers, volumes. `pull`: images. `free`: what mostly waits (stops, hooks, probes)
 * or is asked about the node as a whole; it never queues behind the others.
 */
export type Lane = 'work' | 'pull' | 'free';

export interface Concurrency {
  readonly work: number;
  readonly pull: number;
}

/** A runtime is given this much longer than its deadline to say itself that it has passed. */
const patienceMs = 5000;

interface Pending {
  readonly what: string;
  readonly timeoutMs: number;
  readonly giveUpAt: Instant;
  readonly abort: (() => void) | undefined;
  readonly reject: (error: Error) => void;
}

/**
 * Every call to the runtime goes through here: bounded in number, ended by a deadline of the kubelet's own should the runtime not
 * answer at all, counted while it is in flight. A virtual runtime is not bounded: it does no work, and time decides.
 */
export class RuntimeCalls {
  readonly #clock: Clock;
  readonly #queues: Readonly<Record<'work' | 'pull', PQueue>> | undefined;
  readonly #pending = new Set<Pending>();
  /** No later than the earliest `giveUpAt`. */
  #lookAt: Instant = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(runtime: Pick<Runtime, 'virtual'>, clock: Clock, concurrency: Concurrency) {
    this.#clock = clock;
    this.#queues = runtime.virtual
      ? undefined
      : { work: new PQueue({ concurrency: concurrency.work }), pull: new PQueue({ concurrency: concurrency.pull }) };
  }

  /** Calls that have not ended, those that queue included. */
  get inFlight(): number {
    return this.#pending.size + (this.#queues === undefined ? 0 : this.#queues.work.size + this.#queues.pull.size);
  }

  /** When a call may have to be given up; undefined while none is in flight. */
  get nextDeadline(): Instant | undefined {
    return this.#pending.size === 0 ? undefined : this.#lookAt;
  }

  /** @param what The call's name, for messages. */
  run<T>(lane: Lane, what: string, timeoutMs: number, call: (options: CallOptions) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(new ClosedError('the kubelet'));
    if (lane === 'free' || this.#queues === undefined) return this.#guarded(what, timeoutMs, call, signal);
    return this.#queues[lane].add(() => this.#guarded(what, timeoutMs, call, signal));
  }

  /** Gives up what should have ended long ago. */
  expire(now: Instant): void {
    if (now < this.#lookAt) return;
    this.#lookAt = Number.POSITIVE_INFINITY;
    for (const call of this.#pending) {
      if (call.giveUpAt > now) {
        this.#lookAt = Math.min(this.#lookAt, call.giveUpAt);
        continue;
      }
      this.#pending.delete(call);
      call.abort?.();
      call.reject(new RuntimeError('RUNTIME_DEADLINE', `${call.what} did not end within ${call.timeoutMs} ms`, { retryable: true }));
    }
  }

  /** Ends every call for its caller; what the runtime makes of it is the runtime's business. */
  close(): void {
    this.#closed = true;
    this.#queues?.work.clear();
    this.#queues?.pull.clear();
    for (const call of this.#pending) {
      call.abort?.();
      call.reject(new ClosedError('the kubelet'));
    }
    this.#pending.clear();
  }

  #guarded<T>(what: string, timeoutMs: number, call: (options: CallOptions) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (this.#closed) return Promise.reject(new ClosedError('the kubelet'));
    return new Promise<T>((resolve, reject) => {
      const giveUpAt = this.#clock.now() + timeoutMs + patienceMs;
      // A signal of its own for each call is only worth its price where something real is to be stopped.
      const controller = this.#queues === undefined ? undefined : new AbortController();
      const pending: Pending = {
        what,
        timeoutMs,
        giveUpAt,
        reject,
        abort: controller === undefined ? undefined : () => controller.abort(),
      };
      this.#pending.add(pending);
      if (giveUpAt < this.#lookAt) this.#lookAt = giveUpAt;
      const ownSignal =
        controller === undefined ? signal : signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
      begun(call, ownSignal === undefined ? { timeoutMs } : { timeoutMs, signal: ownSignal }).then(
        (value) => {
          this.#pending.delete(pending);
          resolve(value);
        },
        (error: unknown) => {
          this.#pending.delete(pending);
          reject(error instanceof Error ? error : new RuntimeError('RUNTIME_FAILED', String(error)));
        },
      );
    });
  }
}

/** An adapter that throws instead of rejecting is no different from one that rejects. */
function begun<T>(call: (options: CallOptions) => Promise<T>, options: CallOptions): Promise<T> {
  try {
    return call(options);
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new RuntimeError('RUNTIME_FAILED', String(error)));
  }
}
