import type { Instant } from '../env/clock.ts';
import { silentLogger, type Logger } from '../env/logger.ts';
import type { ObjectChange, StepReport } from '../loop/participant.ts';
import { CarriedService, type CarrierEnv } from './carried-service.ts';
import { DatagramListener } from './datagram-listener.ts';
import { DirectHttpEngine } from './direct-http-engine.ts';
import { GuardedHttpEngine } from './guarded-http-engine.ts';
import type { HttpEngine } from './http-engine.ts';
import { PodTable } from './pod-table.ts';
import { planPorts, type PlanSettings } from './port-plan.ts';
import type { Bind, BoundSocket } from './service-binding.ts';
import { ServiceIndex } from './service-index.ts';
import type { ListenerProblem, ServiceCounters, ServiceListener, ServiceName, ServiceProxy, TrafficCounters } from './service-proxy.ts';
import type { ServiceRoute } from './service-route.ts';
import { StreamListener } from './stream-listener.ts';
import { latencyBucketsMs } from './traffic-recorder.ts';
import { drainSettings, engineSettings, planSettings, type UserspaceServiceProxyOptions } from './userspace-options.ts';

/**
 * Carries Service traffic through this process. Touches no interface and no firewall: it listens where the machine lets it.
 *
 * Changes come in by `onChanges` (the first call carries what exists, as `added`), and take effect in `step`. Everything it opens it
 * owns; `close` leaves nothing.
 */
export class UserspaceServiceProxy implements ServiceProxy {
  readonly name = 'service-proxy';
  readonly latencyBucketsMs = latencyBucketsMs;
  readonly #options: UserspaceServiceProxyOptions;
  readonly #logger: Logger;
  readonly #plan: PlanSettings;
  readonly #engine: HttpEngine;
  readonly #index = new ServiceIndex();
  readonly #pods: PodTable;
  readonly #services = new Map<string, CarriedService>();
  /** Services with an address that is not bound yet. */
  readonly #unbound = new Set<CarriedService>();
  readonly #retired = new Set<BoundSocket>();
  /** What `onProblem` was told of. */
  readonly #told = new WeakSet<ListenerProblem>();
  readonly #env: CarrierEnv;
  #engineReady: Promise<void> | undefined;
  #wakeHost: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  /** @throws ConfigurationError if `externalAddresses` holds something that is no address. */
  constructor(options: UserspaceServiceProxyOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    const settings = engineSettings(options);
    this.#engine = options.engine === 'http-proxy' ? new GuardedHttpEngine(settings) : new DirectHttpEngine(settings);
    this.#plan = planSettings(options);
    const wake = (): void => this.#wakeHost();
    this.#pods = new PodTable(drainSettings(options), wake, (uid) => options.forgetDrained?.(uid));
    this.#env = {
      clock: options.clock,
      random: options.random.fork('service-proxy'),
      pods: this.#pods,
      resolve: options.resolve,
      binder: (route, protocol) => this.#binder(route, protocol),
      release: (backend) => this.#engine.release(backend),
      retire: (socket) => {
        if (!socket.finished) this.#retired.add(socket);
      },
      onHeld: (service, held) => this.#onHeld(service, held),
      wake,
    };
  }

  start(wake: () => void): void {
    this.#wakeHost = wake;
    this.#engineReady = this.#engine.open();
    // Whoever binds an address is told; until then nobody waits for it.
    this.#engineReady.catch(() => undefined);
  }

  onChanges(changes: readonly ObjectChange[]): void {
    for (const change of changes) if (!this.#index.take(change)) this.#pods.take(change);
  }

  step(now: Instant): StepReport {
    let progressed = this.#applyDirty(now);
    const { drained, services, wakeAt } = this.#pods.look(now);
    if (drained.length > 0) {
      progressed = true;
      // Those found are chosen no more: their Services are planned anew before anybody hears of it.
      for (const key of services) this.#index.markDirty(key);
      this.#applyDirty(now);
      for (const uid of drained) this.#options.markDrained(uid, now);
    }
    for (const socket of this.#retired) if (socket.finished) this.#retired.delete(socket);
    let next = wakeAt;
    let inFlight = 0;
    for (const service of this.#unbound) {
      const retryAt = service.retry(now);
      const { pending } = service;
      for (const problem of service.problems()) this.#tell(problem);
      if (pending === 0 && retryAt === Infinity) this.#unbound.delete(service);
      next = Math.min(next, retryAt);
      inFlight += pending;
    }
    return { inFlight, wakeAt: next === Infinity ? undefined : next, progressed };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  listeners(): readonly ServiceListener[] {
    return [...this.#services.values()].flatMap((service) => [...service.listeners()]);
  }

  problems(): readonly ListenerProblem[] {
    return [...this.#services.values()].flatMap((service) => [...service.problems()]);
  }

  serviceCounters(namespace: string, name: string): ServiceCounters | undefined {
    const traffic = this.#services.get(`${namespace}/${name}`)?.traffic;
    return traffic && Object.freeze({ ...traffic.recorder.counters(), held: traffic.held, heldTotal: traffic.heldTotal });
  }

  podCounters(podUid: string): TrafficCounters | undefined {
    return this.#pods.recorder(podUid)?.counters();
  }

  inFlight(podUid: string): number {
    return this.#pods.recorder(podUid)?.inFlight ?? 0;
  }

  /** Brings every Service that changed in line with its objects. One bad object must not stop the others. */
  #applyDirty(now: Instant): boolean {
    const keys = this.#index.takeDirty();
    for (const key of keys) {
      try {
        this.#apply(key, now);
      } catch (error) {
        this.#logger.error({ service: key, error }, 'a Service could not be carried');
      }
    }
    return keys.length > 0;
  }

  #apply(key: string, now: Instant): void {
    const object = this.#index.service(key);
    let service = this.#services.get(key);
    if (object === undefined) {
      service?.apply([], now);
      this.#services.delete(key);
      if (service !== undefined) this.#unbound.delete(service);
      return;
    }
    if (service === undefined) {
      service = new CarriedService({ namespace: object.metadata.namespace ?? '', name: object.metadata.name }, this.#env);
      this.#services.set(key, service);
    }
    service.apply(planPorts(object, this.#index.slices(key), this.#pods.reported, this.#plan), now);
    this.#unbound.add(service);
  }

  #binder(route: ServiceRoute, protocol: 'TCP' | 'UDP'): Bind {
    const { clock, udpIdleMs = 60_000 } = this.#options;
    if (protocol === 'UDP') return (address, port) => DatagramListener.open(address, port, route, clock, udpIdleMs);
    const { connectTimeoutMs } = engineSettings(this.#options);
    const carriers = { engine: this.#engine, connect: { clock, connectTimeoutMs } };
    return async (address, port, sourceRanges) => {
      await this.#engineReady;
      return StreamListener.open({ address, port, sourceRanges }, route, carriers, () => this.#wakeHost());
    };
  }

  #tell(problem: ListenerProblem): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    this.#options.onProblem?.(problem);
  }

  #onHeld(service: ServiceName, held: number): void {
    this.#wakeHost();
    try {
      this.#options.onHeld?.(service, held);
    } catch (error) {
      this.#logger.error({ service, error }, 'onHeld failed');
    }
  }

  async #close(): Promise<void> {
    this.#wakeHost = () => undefined;
    await Promise.all([
      ...[...this.#services.values()].map((service) => service.close()),
      ...[...this.#retired].map((socket) => socket.close()),
    ]);
    this.#engine.close();
    this.#services.clear();
    this.#unbound.clear();
    this.#retired.clear();
  }
}
