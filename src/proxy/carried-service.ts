import type { Clock, Instant } from '../env/clock.ts';
import type { Random } from '../env/random.ts';
import { Backend, type BackendState } from './backend.ts';
import type { Balancer, BalancingPolicy } from './balancer.ts';
import type { EndpointTarget } from './endpoint-selection.ts';
import { LeastConnectionsBalancer } from './least-connections-balancer.ts';
import type { PodTable } from './pod-table.ts';
import type { PortPlan } from './port-plan.ts';
import { RandomOfTwoBalancer } from './random-of-two-balancer.ts';
import { RoundRobinBalancer } from './round-robin-balancer.ts';
import { ServiceBinding, type Bind, type BoundSocket } from './service-binding.ts';
import type { BackendResolver, ListenerProblem, ServiceListener, ServiceName } from './service-proxy.ts';
import { ServiceRoute, type ServiceTraffic } from './service-route.ts';
import { TrafficRecorder } from './traffic-recorder.ts';

/** What a Service is carried with. */
export interface CarrierEnv {
  readonly clock: Clock;
  readonly random: Random;
  readonly pods: PodTable;
  readonly resolve: BackendResolver;
  /** Binds an address for a route. */
  readonly binder: (route: ServiceRoute, protocol: 'TCP' | 'UDP') => Bind;
  /** The backend is chosen no more: idle connections to it can go. */
  readonly release: (backend: Backend) => void;
  /** A socket that takes nothing new and may still carry something. */
  readonly retire: (socket: BoundSocket) => void;
  readonly onHeld: (service: ServiceName, held: number) => void;
  readonly wake: () => void;
}

interface CarriedPort {
  plan: PortPlan;
  balancer: Balancer;
  readonly route: ServiceRoute;
  readonly backends: Map<string, Backend>;
  readonly bindings: Map<string, ServiceBinding>;
}

/** One Service as it is carried: its routes, backends and sockets, brought in line with a plan as often as that changes. */
export class CarriedService {
  readonly name: ServiceName;
  readonly traffic: ServiceTraffic;
  readonly #env: CarrierEnv;
  readonly #ports = new Map<string, CarriedPort>();

  constructor(name: ServiceName, env: CarrierEnv) {
    this.name = name;
    this.#env = env;
    const onHeld = (): void => env.onHeld(name, traffic.held);
    const traffic: ServiceTraffic = { recorder: new TrafficRecorder(), held: 0, heldTotal: 0, onHeld };
    this.traffic = traffic;
  }

  /** Does what the plans say; what they no longer name is let go. No plans: the Service is gone. */
  apply(plans: readonly PortPlan[], now: Instant): void {
    const wanted = new Set(plans.map(({ id }) => id));
    for (const [id, port] of this.#ports) {
      if (wanted.has(id)) continue;
      this.#ports.delete(id);
      port.route.close();
      this.#updateBackends(port, [], [], now);
      for (const binding of port.bindings.values()) this.#retire(binding);
    }
    for (const plan of plans) {
      const port = this.#ports.get(plan.id) ?? this.#open(plan);
      this.#update(port, plan, now);
    }
  }

  /** Tries again what could not be bound. Returns when to try next. */
  retry(now: Instant): Instant {
    let next = Infinity;
    for (const binding of this.#bindings()) {
      if (binding.retryAt !== undefined && binding.retryAt <= now) binding.open(now, this.#env.wake);
      next = Math.min(next, binding.retryAt ?? Infinity);
    }
    return next;
  }

  /** Sockets the machine is being asked for. */
  get pending(): number {
    let pending = 0;
    for (const binding of this.#bindings()) if (binding.pending) pending++;
    return pending;
  }

  *listeners(): Generator<ServiceListener> {
    for (const { plan, bindings } of this.#ports.values()) {
      for (const binding of bindings.values()) {
        const listener = binding.listener(plan.mode);
        if (listener !== undefined) yield listener;
      }
    }
  }

  *problems(): Generator<ListenerProblem> {
    for (const { plan, bindings } of this.#ports.values()) {
      for (const { problem } of bindings.values()) if (problem !== undefined) yield problem;
      if (plan.protocol !== 'SCTP') continue;
      const message = 'SCTP is not carried: only TCP and UDP are';
      yield { service: this.name, portName: plan.portName, role: 'cluster-ip', address: '', port: plan.port, code: 'UNSUPPORTED', message };
    }
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    for (const { route } of this.#ports.values()) route.close();
    await Promise.all([...this.#bindings()].map((binding) => binding.close()));
    this.#ports.clear();
  }

  *#bindings(): Generator<ServiceBinding> {
    for (const { bindings } of this.#ports.values()) yield* bindings.values();
  }

  #open(plan: PortPlan): CarriedPort {
    const balancer = this.#balancer(plan.balancing, plan.id);
    const name = { service: this.name, portName: plan.portName };
    const route = new ServiceRoute(name, this.traffic, this.#env.clock, { ...plan, balancer });
    const port: CarriedPort = { plan, balancer, route, backends: new Map(), bindings: new Map() };
    this.#ports.set(plan.id, port);
    return port;
  }

  #update(port: CarriedPort, plan: PortPlan, now: Instant): void {
    if (plan.balancing !== port.plan.balancing) port.balancer = this.#balancer(plan.balancing, plan.id);
    port.plan = plan;
    port.route.configure({ ...plan, balancer: port.balancer });
    const { known, chosen, fallback } = plan.endpoints;
    const backends = this.#updateBackends(port, known, chosen, now);
    const awaitsSuccessor = fallback && known.some((target) => !target.ready && !target.terminating);
    for (const backend of backends) backend.awaitsSuccessor = awaitsSuccessor;
    port.route.swap(backends);
    this.#updateBindings(port, plan, now);
  }

  /** Brings the backends in line; returns those to choose among. */
  #updateBackends(
    port: CarriedPort,
    known: readonly EndpointTarget[],
    chosen: readonly EndpointTarget[],
    now: Instant,
  ): readonly Backend[] {
    const selected = new Set(chosen);
    const targets = new Map(known.map((target) => [target.key, target]));
    for (const [key, backend] of port.backends) {
      if (targets.has(key)) continue;
      port.backends.delete(key);
      this.#turn(backend, this.#env.pods.isLeaving(backend.pod.uid) ? 'leaving' : 'out', now);
      this.#env.pods.remove(backend);
    }
    const backends: Backend[] = [];
    for (const target of known) {
      const backend = port.backends.get(target.key) ?? this.#makeBackend(port, target);
      if (selected.has(target)) {
        this.#turn(backend, target.ready ? 'serving' : 'fallback', now);
        backends.push(backend);
      } else {
        this.#turn(backend, target.terminating ? 'leaving' : 'out', now);
      }
    }
    return backends;
  }

  #turn(backend: Backend, state: BackendState, now: Instant): void {
    if (!backend.become(state, now)) return;
    this.#env.pods.changed(backend);
    if (!backend.selectable) this.#env.release(backend);
  }

  #makeBackend(port: CarriedPort, { key, podUid, ip, port: number }: EndpointTarget): Backend {
    const { pods, resolve } = this.#env;
    const protocol = port.plan.protocol === 'UDP' ? 'UDP' : 'TCP';
    const address = podUid === undefined ? () => ({ host: ip, port: number }) : () => resolve(podUid, ip, number, protocol);
    const backend = new Backend(key, `${this.name.namespace}/${this.name.name}`, pods.traffic(podUid, key), address);
    port.backends.set(key, backend);
    pods.add(backend);
    return backend;
  }

  #updateBindings(port: CarriedPort, plan: PortPlan, now: Instant): void {
    const { protocol } = plan;
    if (protocol === 'SCTP') return;
    const wanted = new Set(plan.bindings.map(({ key }) => key));
    for (const [key, binding] of port.bindings) {
      if (wanted.has(key)) continue;
      port.bindings.delete(key);
      this.#retire(binding);
    }
    for (const bindingPlan of plan.bindings) {
      if (port.bindings.has(bindingPlan.key)) continue;
      const name = { service: this.name, portName: plan.portName, protocol, port: plan.port };
      const binding = new ServiceBinding(bindingPlan, name, this.#env.binder(port.route, protocol));
      port.bindings.set(bindingPlan.key, binding);
      binding.open(now, this.#env.wake);
    }
  }

  #retire(binding: ServiceBinding): void {
    const socket = binding.drain();
    if (socket !== undefined) this.#env.retire(socket);
  }

  #balancer(policy: BalancingPolicy, portId: string): Balancer {
    switch (policy) {
      case 'round-robin':
        return new RoundRobinBalancer();
      case 'least-connections':
        return new LeastConnectionsBalancer();
      case 'random-of-two':
        return new RandomOfTwoBalancer(this.#env.random.fork(`${this.name.namespace}/${this.name.name}/${portId}`));
    }
  }
}
