import assert from 'node:assert/strict';
import type { Endpoint, EndpointSliceManifest, ServiceManifest, ServicePort, ServiceSpec } from '../api/generated/models.ts';
import { deepFreeze, type KubeObject, type Stored, type StoredObject } from '../api/object.ts';
import type { Clock, Timer } from '../env/clock.ts';
import type { Random } from '../env/random.ts';
import { SeededRandom } from '../env/seeded-random.ts';
import { SystemClock } from '../env/system-clock.ts';
import type { ObjectChange } from '../loop/participant.ts';
import type { BackendResolver, ServiceProxy } from '../proxy/service-proxy.ts';
import { ProxyConnection } from './proxy-connection.ts';
import { ProxyDatagrams } from './proxy-datagrams.ts';
import { ask, type Answer, type RequestOptions } from './proxy-requests.ts';
import { httpPod, tcpPod, udpPod, type HttpPod, type ProxyPod } from './proxy-pods.ts';

/** What a proxy under test is made with. */
export interface ProxyHost {
  readonly clock: Clock;
  readonly random: Random;
  /** Must be asked for every connection to a pod: pods are known by addresses that lead nowhere. */
  readonly resolve: BackendResolver;
  readonly markDrained: (podUid: string, atMs: number) => void;
}

/** A proxy to try. */
export interface ProxyFixture {
  /**
   * Makes the proxy, not started. Every Service port must be given an address that 127.0.0.1 can reach, and a WebSocket whose pod
   * leaves 300 ms to stay.
   */
  make(host: ProxyHost): ServiceProxy;
  /** The clock of the proxy; the machine's unless given. Whoever gives one moves it. */
  readonly clock?: Clock;
  /** How long something may take that the contract promises to happen; 10 s unless given. */
  readonly patienceMs?: number;
  /** Called last, after the proxy was closed. */
  dispose(): Promise<void>;
}

export type ProxyFactory = () => ProxyFixture | Promise<ProxyFixture>;

/** How slices describe a pod; what is not said is a ready one. */
export interface EndpointState {
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

/** The port by which the cluster knows every pod. */
const targetPort = 8080;

/** What the cases of the proxy suite use: it is the loop around the proxy under test, and the cluster before it. */
export class ProxyProbe {
  readonly proxy: ServiceProxy;
  readonly clock: Clock;
  /** What waiting is measured by, whatever the proxy's clock is. */
  readonly #patience = new SystemClock();
  /** Uids reported as drained, in order, repeats included. */
  readonly drained: string[] = [];
  readonly #fixture: ProxyFixture;
  readonly #objects = new Map<string, StoredObject>();
  readonly #pods = new Map<string, ProxyPod>();
  readonly #started: ProxyPod[] = [];
  readonly #connections: ProxyConnection[] = [];
  readonly #datagrams: ProxyDatagrams[] = [];
  readonly #news = new Set<() => void>();
  #revision = 1;
  #timer: Timer | undefined;
  #stepping = false;
  #closed = false;

  constructor(fixture: ProxyFixture) {
    this.#fixture = fixture;
    this.clock = fixture.clock ?? this.#patience;
    this.proxy = fixture.make({
      clock: this.clock,
      random: new SeededRandom(1),
      resolve: (uid) => {
        const pod = this.#pods.get(uid);
        return pod && { host: '127.0.0.1', port: pod.port };
      },
      markDrained: (uid) => this.drained.push(uid),
    });
    this.proxy.start(() => this.#wake());
  }

  async dispose(): Promise<void> {
    await this.close();
    for (const { socket } of this.#connections) socket.destroy();
    for (const datagrams of this.#datagrams) await datagrams.close();
    for (const pod of this.#started) await pod.kill();
    await this.#fixture.dispose();
  }

  /** Closes the proxy. May be repeated. */
  close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    return this.within(this.proxy.close(), 'close()');
  }

  // The programs.

  async http(name: string): Promise<HttpPod> {
    const pod = await httpPod(name);
    this.#started.push(pod);
    return pod;
  }

  async tcp(name: string): Promise<ProxyPod> {
    const pod = await tcpPod(name);
    this.#started.push(pod);
    return pod;
  }

  async udp(name: string): Promise<ProxyPod> {
    const pod = await udpPod(name);
    this.#started.push(pod);
    return pod;
  }

  // The cluster.

  /** A Service named `web` with one port, or those given. Its ClusterIP is one that no machine has (RFC 1112, class E). */
  service(spec: ServiceSpec = {}, ports: readonly ServicePort[] = [{ port: 80, appProtocol: 'http' }]): void {
    this.put<ServiceManifest>('v1', 'Service', 'web', { spec: { type: 'ClusterIP', clusterIP: '240.0.0.1', ports, ...spec } });
  }

  /** The endpoints of `web`, in one slice; a pod alone is a ready endpoint. */
  endpoints(pods: readonly (ProxyPod | readonly [ProxyPod, EndpointState])[], protocol = 'TCP', portName = ''): void {
    const endpoints = pods.map((entry, i): Endpoint => {
      const [pod, state] = 'name' in entry ? [entry, {}] : entry;
      this.#pods.set(pod.uid, pod);
      const { ready = true, serving = ready, terminating = false } = state;
      const targetRef = { kind: 'Pod', name: pod.name, namespace: 'default', uid: pod.uid };
      return { addresses: [`192.0.2.${100 + i}`], conditions: { ready, serving, terminating }, targetRef };
    });
    const slice: EndpointSliceManifest = { addressType: 'IPv4', endpoints, ports: [{ name: portName, port: targetPort, protocol }] };
    const labels = { 'kubernetes.io/service-name': 'web' };
    this.put('discovery.k8s.io/v1', 'EndpointSlice', `web-${protocol.toLowerCase()}${portName}`, slice, { labels });
  }

  /** The Pod object of a program; `terminating` gives it a deletionTimestamp. */
  pod(pod: ProxyPod, state: 'running' | 'terminating' = 'running'): void {
    this.#pods.set(pod.uid, pod);
    const deletion = state === 'terminating' ? { deletionTimestamp: '2030-01-01T00:00:30Z' } : {};
    this.put('v1', 'Pod', pod.name, {}, { uid: pod.uid, ...deletion });
  }

  put<M extends KubeObject>(
    apiVersion: string,
    kind: string,
    name: string,
    content: M,
    metadata: Partial<Stored<M>['metadata']> = {},
  ): void {
    const key = `${kind}/${name}`;
    const object = deepFreeze({
      ...content,
      apiVersion,
      kind,
      metadata: {
        name,
        namespace: 'default',
        uid: `${kind}-${name}`,
        creationTimestamp: '2030-01-01T00:00:00Z',
        ...metadata,
        resourceVersion: String(this.#revision++),
      },
    }) as StoredObject;
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#change({ type: previous === undefined ? 'added' : 'modified', object, previous });
  }

  remove(kind: string, name: string): void {
    const object = this.#objects.get(`${kind}/${name}`);
    assert.ok(object, `${kind} ${name}: nothing to remove`);
    this.#objects.delete(`${kind}/${name}`);
    this.#change({ type: 'deleted', object, previous: object });
  }

  // The client.

  /** The local port of a listener of `web`, once it is open. */
  async port(portName = ''): Promise<number> {
    const find = (): number | undefined =>
      this.proxy.listeners().find((each) => each.portName === portName && each.address === '127.0.0.1')?.localPort;
    await this.until(() => find() !== undefined, `a listener for port '${portName}' on 127.0.0.1`);
    return find() ?? 0;
  }

  /** The answer to a request. Rejects if it is cut, or does not come. */
  ask(port: number, path: string, options: RequestOptions = {}): Promise<Answer> {
    const answer = this.within(ask(port, path, options), `${options.method ?? 'GET'} ${path}`);
    // A case may fail elsewhere before it waits for this one.
    answer.catch(() => undefined);
    return answer;
  }

  connect(port: number): ProxyConnection {
    const connection = new ProxyConnection(port, this.#look);
    this.#connections.push(connection);
    return connection;
  }

  datagrams(port: number): ProxyDatagrams {
    const datagrams = new ProxyDatagrams(port, this.#look);
    this.#datagrams.push(datagrams);
    return datagrams;
  }

  // Time.

  /** Resolves like `promise`, or rejects when the fixture's patience is at its end. */
  async within<T>(promise: Promise<T>, what: string): Promise<T> {
    let timer: Timer | undefined;
    const { patienceMs = 10_000 } = this.#fixture;
    const tooLate = new Promise<never>((_, reject) => {
      const fail = (): void => reject(new assert.AssertionError({ message: `${what}: did not happen within ${patienceMs} ms` }));
      timer = this.#patience.schedule(this.#patience.now() + patienceMs, fail);
    });
    try {
      return await Promise.race([promise, tooLate]);
    } finally {
      timer?.cancel();
    }
  }

  /** Resolves once `condition` holds: looked at after every step, whenever a client hears something, and every 10 ms. */
  until(condition: () => boolean, what: string): Promise<void> {
    let timer: Timer | undefined;
    let check = (): void => undefined;
    const met = new Promise<void>((resolve) => {
      check = (): void => {
        timer?.cancel();
        if (condition()) resolve();
        else timer = this.#patience.schedule(this.#patience.now() + 10, check);
      };
      this.#news.add(check);
      check();
    });
    return this.within(met, what).finally(() => {
      timer?.cancel();
      this.#news.delete(check);
    });
  }

  /** Some turns of the event loop, with a step at each: time for what must not happen. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      await this.clock.turn();
      this.#step();
    }
  }

  #change(change: ObjectChange): void {
    this.proxy.onChanges([change]);
    this.#step();
  }

  #wake(): void {
    void this.clock.turn().then(() => this.#step());
  }

  #step(): void {
    if (this.#closed || this.#stepping) return;
    this.#stepping = true;
    this.#timer?.cancel();
    const { wakeAt } = this.proxy.step(this.clock.now());
    this.#timer = wakeAt === undefined ? undefined : this.clock.schedule(wakeAt, () => this.#step());
    this.#stepping = false;
    this.#look();
  }

  readonly #look = (): void => {
    for (const check of this.#news) check();
  };
}

/** A case of the suite: throws if the proxy does not do what its contract says. */
export interface ProxyCase {
  readonly name: string;
  readonly run: (make: ProxyFactory) => Promise<void>;
}

/** A case that runs `body` on a started proxy and leaves nothing behind. */
export function proxyCase(name: string, body: (probe: ProxyProbe) => Promise<void>): ProxyCase {
  return {
    name,
    run: async (make) => {
      const probe = new ProxyProbe(await make());
      try {
        await body(probe);
      } finally {
        await probe.dispose();
      }
    },
  };
}
