import type { Instant } from '../env/clock.ts';
import type { Backend } from './backend.ts';
import type { ServiceRoute } from './service-route.ts';

/** `ok`: carried to its end. `failed`: refused, cut, or answered by the proxy in place of a pod. `abandoned`: the client went away. */
export type Outcome = 'ok' | 'failed' | 'abandoned';

/** What a client does. A UDP flow counts as a connection, but has no end that could be waited for: it is never in flight. */
export type ExchangeUnit = 'request' | 'connection' | 'flow';

const none: readonly Backend[] = [];

/**
 * One request or connection of a client, from its arrival to its end, over as many backends as it took. Everything that is counted
 * is counted here. Whoever makes one must call `end`.
 */
export class Exchange {
  readonly route: ServiceRoute;
  readonly #client: string;
  readonly #counted: 'requests' | 'connections';
  readonly #weight: 0 | 1;
  readonly #startedAt: Instant;
  #backend: Backend | undefined;
  #attemptAt: Instant;
  #tried: Backend[] | undefined;
  #ended = false;
  #timed: boolean;
  #uncarry: (() => void) | undefined;

  /** @param client The client's address, for sessions. */
  constructor(route: ServiceRoute, client: string, unit: ExchangeUnit) {
    this.route = route;
    this.#client = client;
    this.#counted = unit === 'request' ? 'requests' : 'connections';
    this.#weight = unit === 'flow' ? 0 : 1;
    this.#timed = unit !== 'flow';
    this.#startedAt = this.#attemptAt = route.clock.now();
    const { recorder } = route.traffic;
    recorder[this.#counted]++;
    recorder.inFlight += this.#weight;
  }

  /** Where it is being carried to. */
  get backend(): Backend | undefined {
    return this.#backend;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** True if some backend was tried already. */
  get tried(): boolean {
    return this.#tried !== undefined;
  }

  /** Takes the first backend, or, when that one could not be reached, another. Undefined: none is left. */
  next(): Backend | undefined {
    if (this.#backend !== undefined) {
      (this.#tried ??= []).push(this.#backend);
      this.#attemptAt = this.route.clock.now();
      this.#leave('failed', 0, this.#attemptAt);
    }
    const backend = this.route.choose(this.#client, this.#tried ?? none, this.#attemptAt);
    if (backend === undefined) return undefined;
    const { recorder } = backend.pod;
    recorder[this.#counted]++;
    recorder.inFlight += this.#weight;
    backend.lastUsedAt = this.#attemptAt;
    this.#backend = backend;
    return backend;
  }

  /** Waits for a backend where the Service may hold requests, trying all of them anew then; see `HoldQueue.wait`. */
  hold(resume: (available: boolean) => void): (() => void) | undefined {
    return this.route.hold(this.#startedAt, (available) => {
      this.#tried = undefined;
      resume(available);
    });
  }

  /** From now on it has no end of its own: it is told to go when its pod is, and its length is no latency. */
  becomeLongLived(goAway: () => void): void {
    this.#timed = false;
    this.#uncarry = this.#backend?.carries(goAway);
  }

  /** Ends it; a repeat has no effect. `status` is that of the pod's response, 0 if there was none. */
  end(outcome: Outcome, status = 0): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#uncarry?.();
    const now = this.route.clock.now();
    this.#leave(outcome, status, now);
    const { recorder } = this.route.traffic;
    recorder.inFlight -= this.#weight;
    if (outcome === 'failed') recorder.errors++;
    if (status >= 500) recorder.serverErrors++;
    if (this.#timed) recorder.observe(now - this.#startedAt);
  }

  #leave(outcome: Outcome, status: number, now: Instant): void {
    const backend = this.#backend;
    if (backend === undefined) return;
    this.#backend = undefined;
    const { recorder } = backend.pod;
    if (outcome === 'failed') recorder.errors++;
    if (status >= 500) recorder.serverErrors++;
    if (this.#timed) recorder.observe(now - this.#attemptAt);
    recorder.inFlight -= this.#weight;
    if (recorder.inFlight === 0 && backend.state !== 'serving') backend.pod.onNews();
  }
}
