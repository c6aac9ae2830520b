import type { AddressInfo } from 'node:net';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { ObjectChange } from '../../src/controllers/controller.ts';
import type { Endpoint, EndpointSliceManifest, ServiceManifest, ServicePort, ServiceSpec } from '../../src/api/generated/models.ts';
import { deepFreeze, type Stored, type StoredObject } from '../../src/api/object.ts';
import type { Clock } from '../../src/env/clock.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import type { UserspaceServiceProxyOptions } from '../../src/proxy/userspace-options.ts';
import { UserspaceServiceProxy } from '../../src/proxy/userspace-service-proxy.ts';

/** One endpoint as a test says it. */
export interface TestPod {
  readonly uid: string;
  readonly port: number;
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

/** A proxy with a host around it that steps it whenever it asks, as the loop does. */
export class ProxyBed {
  readonly proxy: UserspaceServiceProxy;
  readonly clock: Clock;
  readonly drained = new Map<string, number>();
  readonly #objects = new Map<string, StoredObject>();
  readonly #waiters = new Set<() => void>();
  #scheduled = false;
  #revision = 1;
  #timer: { cancel(): void } | undefined;

  constructor(options: Partial<UserspaceServiceProxyOptions> = {}) {
    this.clock = options.clock ?? new SystemClock();
    this.proxy = new UserspaceServiceProxy({
      clock: this.clock,
      random: new SeededRandom(1),
      resolve: (_uid, ip, port) => ({ host: ip, port }),
      markDrained: (uid, at) => this.drained.set(uid, at),
      ...options,
    });
    this.proxy.start(() => this.#wake());
  }

  /** Creates or replaces an object, or deletes it, and steps. */
  put(object: StoredObject): void {
    const key = `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
    const previous = this.#objects.get(key);
    const stored = deepFreeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision++) } });
    this.#objects.set(key, stored);
    this.#change({ type: previous === undefined ? 'added' : 'modified', object: stored, previous });
  }

  remove(kind: string, name: string): void {
    const key = `${kind}/default/${name}`;
    const object = this.#objects.get(key);
    if (object === undefined) throw new Error(`no ${key}`);
    this.#objects.delete(key);
    this.#change({ type: 'deleted', object, previous: object });
  }

  service(name: string, ports: readonly ServicePort[], more: { spec?: ServiceSpec; annotations?: Record<string, string> } = {}): void {
    this.put(stored<ServiceManifest>('v1', 'Service', name, { spec: { ports, type: 'ClusterIP', ...more.spec } }, {}, more.annotations));
  }

  /** Says which pods are behind a Service's one port. */
  endpoints(service: string, pods: readonly TestPod[], portName = '', protocol = 'TCP'): void {
    const bySlice = new Map<number, Endpoint[]>();
    for (const pod of pods) bySlice.set(pod.port, [...(bySlice.get(pod.port) ?? []), endpointOf(pod)]);
    // A slice has one port for all its endpoints; the pods of tests all have 127.0.0.1 and different ports.
    for (const key of [...this.#objects.keys()]) {
      const port = new RegExp(`^EndpointSlice/default/${service}-${protocol.toLowerCase()}${portName}-(\\d+)$`).exec(key)?.[1];
      if (port !== undefined && !bySlice.has(Number(port))) this.remove('EndpointSlice', key.split('/')[2]!);
    }
    for (const [port, endpoints] of bySlice) {
      const slice = { addressType: 'IPv4', endpoints, ports: [{ name: portName, port, protocol }] };
      const name = `${service}-${protocol.toLowerCase()}${portName}-${port}`;
      this.put(
        stored<EndpointSliceManifest>('discovery.k8s.io/v1', 'EndpointSlice', name, slice, { 'kubernetes.io/service-name': service }),
      );
    }
  }

  pod(uid: string, state: 'running' | 'terminating' = 'running'): void {
    const object = stored('v1', 'Pod', uid, {}) as StoredObject;
    const deletion = state === 'terminating' ? { deletionTimestamp: '2030-01-01T00:00:30Z' } : {};
    this.put({ ...object, metadata: { ...object.metadata, uid, ...deletion } });
  }

  /** Resolves once `condition` holds; looked at after every step, and otherwise at short intervals. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const limit = Date.now() + 20_000;
    while (!condition()) {
      if (Date.now() > limit) throw new Error(`waited in vain for: ${what}`);
      await new Promise<void>((resolve) => {
        const handle = setTimeout(resolve, 5);
        this.#waiters.add(() => {
          clearTimeout(handle);
          resolve();
        });
      });
    }
  }

  /** Resolves with the port of a listener once it is open. */
  async port(service: string, role = 'host'): Promise<number> {
    const find = (): number | undefined =>
      this.proxy.listeners().find((listener) => listener.service.name === service && listener.role === role)?.localPort;
    await this.until(() => find() !== undefined, `a listener of ${service} (${role})`);
    return find()!;
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wake = () => undefined;
    await this.proxy.close();
  }

  #change(change: ObjectChange): void {
    this.proxy.onChanges([change]);
    this.#step();
  }

  #wake = (): void => {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#wake === undefined || this.#step();
    });
  };

  #step(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { wakeAt } = this.proxy.step(this.clock.now());
    if (wakeAt !== undefined) this.#timer = this.clock.schedule(wakeAt, () => this.#wake());
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }
}

function endpointOf(pod: TestPod): Endpoint {
  const { uid, ready = true, terminating = false } = pod;
  return {
    addresses: ['127.0.0.1'],
    conditions: { ready, serving: pod.serving ?? ready, terminating },
    targetRef: { kind: 'Pod', name: uid, namespace: 'default', uid },
  };
}

/** A stored object of a kind, in namespace `default`. */
export function stored<M extends object>(
  apiVersion: string,
  kind: string,
  name: string,
  content: M,
  labels: Record<string, string> = {},
  annotations: Record<string, string> = {},
): Stored<M> {
  const metadata = {
    name,
    namespace: 'default',
    uid: `${kind}-${name}`,
    resourceVersion: '1',
    creationTimestamp: '2030-01-01T00:00:00Z',
    labels,
    annotations,
  };
  return { ...content, apiVersion, kind, metadata } as unknown as Stored<M>;
}

/** An HTTP server on a loopback port of its own. */
export async function serve(listener: RequestListener): Promise<{ server: Server; port: number; close: () => Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { server, port: (server.address() as AddressInfo).port, close };
}
