import type { Clock, Instant } from '../env/clock.ts';
import type { Backend } from './backend.ts';
import type { Balancer } from './balancer.ts';
import { ClientAffinity } from './client-affinity.ts';
import { HoldQueue, type HoldPolicy } from './hold-queue.ts';
import type { ServiceName, TrafficMode } from './service-proxy.ts';
import type { TrafficRecorder } from './traffic-recorder.ts';

/** What all ports of one Service share. */
export interface ServiceTraffic {
  readonly recorder: TrafficRecorder;
  /** Requests that wait now, and all that ever did. */
  held: number;
  heldTotal: number;
  /** Called when a request begins to wait. */
  readonly onHeld: () => void;
}

/** How a route chooses. */
export interface RouteSettings {
  readonly mode: TrafficMode;
  readonly balancer: Balancer;
  /** Undefined: no sessions. */
  readonly affinityMs: number | undefined;
  /** Undefined: a request without a backend is refused at once. */
  readonly hold: HoldPolicy | undefined;
}

/** One port of a Service as traffic sees it: the present backends, and the choice among them. */
export class ServiceRoute {
  readonly service: ServiceName;
  readonly portName: string;
  readonly traffic: ServiceTraffic;
  readonly clock: Clock;
  readonly #holds: HoldQueue;
  #settings: RouteSettings;
  #affinity: ClientAffinity | undefined;
  #backends: readonly Backend[] = [];
  #closed = false;

  constructor(name: { service: ServiceName; portName: string }, traffic: ServiceTraffic, clock: Clock, settings: RouteSettings) {
    this.service = name.service;
    this.portName = name.portName;
    this.traffic = traffic;
    this.clock = clock;
    this.#holds = new HoldQueue(clock);
    this.#settings = settings;
    this.configure(settings);
  }

  get mode(): TrafficMode {
    return this.#settings.mode;
  }

  /** Those that are chosen among now. */
  get backends(): readonly Backend[] {
    return this.#backends;
  }

  configure(settings: RouteSettings): void {
    this.#settings = settings;
    if (settings.affinityMs === undefined) this.#affinity = undefined;
    else if (this.#affinity === undefined) this.#affinity = new ClientAffinity(settings.affinityMs);
    else this.#affinity.timeoutMs = settings.affinityMs;
  }

  /** Takes another list, whole and at once. Requests that waited for a first backend go on. */
  swap(backends: readonly Backend[]): void {
    this.#backends = backends;
    if (backends.length > 0) this.#holds.release(true);
  }

  /** A backend for a new request or connection of `client`, none of `tried`. */
  choose(client: string, tried: readonly Backend[], now: Instant): Backend | undefined {
    const candidates = tried.length === 0 ? this.#backends : this.#backends.filter((backend) => !tried.includes(backend));
    if (candidates.length === 0) return undefined;
    const affinity = this.#affinity;
    const { balancer } = this.#settings;
    if (affinity === undefined) return candidates[balancer.pick(candidates)];
    const bound = affinity.find(client, now);
    const chosen = candidates.find((backend) => backend.key === bound) ?? candidates[balancer.pick(candidates)]!;
    affinity.use(client, chosen.key, now);
    return chosen;
  }

  /** Lets a request that began at `since` wait where the Service may hold requests; see `HoldQueue.wait`. */
  hold(since: Instant, resume: (available: boolean) => void): (() => void) | undefined {
    const policy = this.#settings.hold;
    if (policy === undefined || this.#closed) return undefined;
    const traffic = this.traffic;
    const forget = this.#holds.wait(policy, since, (available) => {
      traffic.held--;
      resume(available);
    });
    if (forget === undefined) return undefined;
    traffic.held++;
    traffic.heldTotal++;
    traffic.onHeld();
    return () => {
      traffic.held--;
      forget();
    };
  }

  /** The Service port is gone: what waits is refused. */
  close(): void {
    this.#closed = true;
    this.#backends = [];
    this.#holds.release(false);
  }

  /** For messages: `default/web port http`. */
  toString(): string {
    return `${this.service.namespace}/${this.service.name}${this.portName === '' ? '' : ` port ${this.portName}`}`;
  }
}
