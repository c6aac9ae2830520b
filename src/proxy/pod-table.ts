import type { ObjectChange } from '../loop/participant.ts';
import type { Instant } from '../env/clock.ts';
import type { Backend, PodTraffic } from './backend.ts';
import { TrafficRecorder } from './traffic-recorder.ts';

interface PodEntry {
  readonly traffic: PodTraffic;
  /** Backends that Services have of it now. */
  readonly backends: Set<Backend>;
}

export interface DrainSettings {
  /** How long a WebSocket stays after its pod began to leave. */
  readonly webSocketDrainMs: number;
  /** A terminating pod that is the only one left is let go once nobody has used it for so long. */
  readonly fallbackIdleMs: number;
}

/** What `PodTable.look` found. */
export interface DrainFindings {
  /** Uids of pods that have nothing in flight and will get nothing more. */
  readonly drained: readonly string[];
  /** Services that would still choose one of them, as `namespace/name`. */
  readonly services: readonly string[];
  /** When to look again at the latest; Infinity if only news can change anything. */
  readonly wakeAt: Instant;
}

/** The pods behind Services: their counters, and which of those that are to be stopped have been drained. */
export class PodTable {
  readonly #settings: DrainSettings;
  readonly #wake: () => void;
  readonly #forget: (uid: string) => void;
  /** Every Pod object there is. */
  readonly #lives = new Map<string, 'staying' | 'terminating'>();
  /** Pods, and addresses that are no pods, that are or were behind a Service. */
  readonly #entries = new Map<string, PodEntry>();
  /** Pods to look at: terminating, not reported, something has changed or time must pass. */
  readonly #watched = new Set<string>();
  /** Backends on their way out that may still carry something. */
  readonly #leaving = new Set<Backend>();
  readonly #reported = new Set<string>();

  /** @param forget Called when a pod that was reported is gone. */
  constructor(settings: DrainSettings, wake: () => void, forget: (uid: string) => void) {
    this.#settings = settings;
    this.#wake = wake;
    this.#forget = forget;
  }

  /** Pods that were reported and still exist: they are never chosen again. */
  get reported(): ReadonlySet<string> {
    return this.#reported;
  }

  recorder(uid: string): TrafficRecorder | undefined {
    return this.#entries.get(uid)?.traffic.recorder;
  }

  /** True unless the pod is known to stay: then what it carries may stay as well when it leaves a Service. */
  isLeaving(uid: string | undefined): boolean {
    return uid === undefined || this.#lives.get(uid) !== 'staying';
  }

  /** Takes in a change; returns true if a Pod began to terminate, or is gone. */
  take({ type, object }: ObjectChange): boolean {
    if (object.kind !== 'Pod') return false;
    const { uid, deletionTimestamp } = object.metadata;
    if (type === 'deleted') {
      this.#lives.delete(uid);
      this.#watched.delete(uid);
      if (this.#reported.delete(uid)) this.#forget(uid);
      this.#forgetIfDone(uid);
      return true;
    }
    const life = deletionTimestamp === undefined ? 'staying' : 'terminating';
    if (this.#lives.get(uid) === life) return false;
    this.#lives.set(uid, life);
    if (life === 'terminating') this.#watched.add(uid);
    return life === 'terminating';
  }

  /** The traffic of a pod (or, without a uid, of the address `key`), for a backend that is made. */
  traffic(uid: string | undefined, key: string): PodTraffic {
    return this.#entryOf(uid ?? key, uid).traffic;
  }

  add(backend: Backend): void {
    this.#entryOf(backend.pod.uid ?? backend.key, backend.pod.uid).backends.add(backend);
  }

  /** A Service port has no such endpoint any more. */
  remove(backend: Backend): void {
    const id = backend.pod.uid ?? backend.key;
    this.#entries.get(id)?.backends.delete(backend);
    this.#forgetIfDone(id);
  }

  /** The backend has taken another state. */
  changed(backend: Backend): void {
    if (backend.state === 'leaving') this.#leaving.add(backend);
    else this.#leaving.delete(backend);
  }

  /** Closes WebSockets whose time is up, and finds the pods that have become free. */
  look(now: Instant): DrainFindings {
    let wakeAt = Infinity;
    for (const backend of this.#leaving) {
      const due = backend.changedAt + this.#settings.webSocketDrainMs;
      if (due <= now) backend.goAway();
      else wakeAt = Math.min(wakeAt, due);
      if (backend.inFlight === 0) {
        this.#leaving.delete(backend);
        this.#forgetIfDone(backend.pod.uid ?? backend.key);
      }
    }
    const drained: string[] = [];
    for (const uid of this.#watched) {
      const free = this.#freeAt(this.#entries.get(uid));
      if (free <= now) drained.push(uid);
      else wakeAt = Math.min(wakeAt, free);
    }
    for (const uid of drained) {
      this.#watched.delete(uid);
      this.#reported.add(uid);
    }
    return { drained, services: drained.flatMap((uid) => this.#servicesOf(uid)), wakeAt };
  }

  /** When the pod will be free if nothing happens; Infinity if something must happen first. */
  #freeAt(entry: PodEntry | undefined): Instant {
    if (entry === undefined) return 0;
    const { traffic, backends } = entry;
    if (traffic.recorder.inFlight > 0) return Infinity;
    let at = 0;
    for (const backend of backends) {
      if (backend.state === 'serving' || (backend.state === 'fallback' && backend.awaitsSuccessor)) return Infinity;
      if (backend.state === 'fallback') at = Math.max(at, Math.max(backend.lastUsedAt, backend.changedAt) + this.#settings.fallbackIdleMs);
    }
    return at;
  }

  #servicesOf(uid: string): readonly string[] {
    return [...(this.#entries.get(uid)?.backends ?? [])].filter((backend) => backend.selectable).map(({ service }) => service);
  }

  #entryOf(id: string, uid: string | undefined): PodEntry {
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { traffic: { uid, recorder: new TrafficRecorder(), onNews: this.#wake }, backends: new Set() };
      this.#entries.set(id, entry);
    }
    return entry;
  }

  #forgetIfDone(id: string): void {
    const entry = this.#entries.get(id);
    if (entry !== undefined && !this.#lives.has(id) && entry.backends.size === 0 && entry.traffic.recorder.inFlight === 0)
      this.#entries.delete(id);
  }
}
