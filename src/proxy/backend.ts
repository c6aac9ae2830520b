import type { Instant } from '../env/clock.ts';
import type { BackendLoad } from './balancer.ts';
import type { BackendAddress } from './service-proxy.ts';
import type { TrafficRecorder } from './traffic-recorder.ts';

/** What all backends of one pod share: its counters, and whom to tell when something about it has changed. */
export interface PodTraffic {
  /** Undefined for an endpoint that is no pod. */
  readonly uid: string | undefined;
  readonly recorder: TrafficRecorder;
  /** Called when its state should be looked at again: the last thing in flight has ended, or something without an end begins. Cheap. */
  readonly onNews: () => void;
}

/**
 * `serving`: ready. `fallback`: terminating, chosen because nothing is ready. `out`: gets nothing new. `leaving`: out, and on its way
 * to be stopped, so that what would stay for ever (WebSockets) is asked to go.
 */
export type BackendState = 'serving' | 'fallback' | 'out' | 'leaving';

/**
 * One endpoint of one Service port. The same object as long as pod, address and port are the same, whatever else the slices say,
 * so that sessions, kept connections and counters survive updates.
 */
export class Backend implements BackendLoad {
  readonly key: string;
  /** The Service, as `namespace/name`. */
  readonly service: string;
  readonly pod: PodTraffic;
  state: BackendState = 'out';
  /** When it was last chosen: a fallback that nobody uses can be let go. */
  lastUsedAt: Instant = 0;
  /** When its state last changed. */
  changedAt: Instant = 0;
  /** As a fallback: true while a successor is known that is not ready yet. */
  awaitsSuccessor = false;
  readonly #address: () => BackendAddress | undefined;
  readonly #longLived = new Set<() => void>();

  constructor(key: string, service: string, pod: PodTraffic, address: () => BackendAddress | undefined) {
    this.key = key;
    this.service = service;
    this.pod = pod;
    this.#address = address;
  }

  get selectable(): boolean {
    return this.state === 'serving' || this.state === 'fallback';
  }

  get inFlight(): number {
    return this.pod.recorder.inFlight;
  }

  /** Where to connect to now. Asked for each new connection: the same pod may be mapped elsewhere after its sandbox was rebuilt. */
  address(): BackendAddress | undefined {
    return this.#address();
  }

  /** Something that has no end of its own (a WebSocket): `goAway` is called when the pod is to be stopped. Returns "ended". */
  carries(goAway: () => void): () => void {
    this.#longLived.add(goAway);
    if (!this.selectable) this.pod.onNews();
    return () => this.#longLived.delete(goAway);
  }

  /** Asks what has no end of its own to go. */
  goAway(): void {
    for (const goAway of this.#longLived) goAway();
  }

  /** Takes another state; returns false if it is the same. */
  become(state: BackendState, now: Instant): boolean {
    if (this.state === state) return false;
    this.state = state;
    this.changedAt = now;
    return true;
  }
}
