import assert from 'node:assert/strict';
import { Resolver } from 'node:dns/promises';
import type { Endpoint, ServiceSpec } from '../api/generated/models.ts';
import { deepFreeze, type StoredObject } from '../api/object.ts';
import type { Clock, Timer } from '../env/clock.ts';
import type { SecureRandom } from '../env/random.ts';
import { SystemClock } from '../env/system-clock.ts';
import { SystemSecureRandom } from '../env/system-secure-random.ts';
import type { NameServer } from '../dns/name-server.ts';
import type { ObjectChange } from '../loop/participant.ts';

/** What a name server under test is made with. */
export interface NameServerHost {
  readonly clock: Clock;
  readonly secureRandom: SecureRandom;
}

/** A name server to try: for the zone `cluster.local`, at an address of this machine, without anybody to pass questions on to. */
export interface NameServerFixture {
  make(host: NameServerHost): NameServer;
  /** How long something may take that the contract promises to happen; 10 s unless given. */
  readonly patienceMs?: number;
  dispose(): Promise<void>;
}

export type NameServerFactory = () => NameServerFixture | Promise<NameServerFixture>;

/** Who asks, and the cluster that is asked about. */
export class NameServerProbe {
  readonly server: NameServer;
  readonly #fixture: NameServerFixture;
  readonly #clock = new SystemClock();
  readonly #resolver: Resolver;
  readonly #objects = new Map<string, StoredObject>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(fixture: NameServerFixture) {
    this.#fixture = fixture;
    const { patienceMs = 10_000 } = fixture;
    this.#resolver = new Resolver({ timeout: patienceMs, tries: 1 });
    this.server = fixture.make({ clock: this.#clock, secureRandom: new SystemSecureRandom() });
    this.server.start(() => this.step());
  }

  /** Resolves once the server answers somewhere, and directs the questions there. */
  async open(): Promise<void> {
    this.step();
    const { patienceMs = 10_000 } = this.#fixture;
    const until = this.#clock.now() + patienceMs;
    while (this.server.address() === undefined) {
      assert.ok(this.#clock.now() < until, `the server is not bound after ${patienceMs} ms: ${this.server.problem() ?? 'no problem'}`);
      await this.#clock.sleep(5);
    }
    const { address, port } = this.server.address()!;
    this.#resolver.setServers([`${address}:${port}`]);
  }

  async dispose(): Promise<void> {
    await this.close();
    await this.#fixture.dispose();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    return this.server.close();
  }

  step(): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    const { wakeAt } = this.server.step(this.#clock.now());
    this.#timer = wakeAt === undefined ? undefined : this.#clock.schedule(wakeAt, () => this.step());
  }

  // The cluster.

  namespace(name: string): void {
    this.put('v1', 'Namespace', '', name, {});
  }

  service(namespace: string, name: string, spec: ServiceSpec): void {
    this.put('v1', 'Service', namespace, name, { spec });
  }

  slice(
    namespace: string,
    service: string,
    endpoints: readonly Endpoint[],
    more: { readonly suffix?: string; readonly content?: object } = {},
  ): void {
    const { suffix = '1', content = {} } = more;
    const labels = { 'kubernetes.io/service-name': service };
    const ports = [{ name: 'http', port: 8080, protocol: 'TCP' }];
    this.put(
      'discovery.k8s.io/v1',
      'EndpointSlice',
      namespace,
      `${service}-${suffix}`,
      { addressType: 'IPv4', ports, endpoints, ...content },
      labels,
    );
  }

  put(
    apiVersion: string,
    kind: string,
    namespace: string,
    name: string,
    content: object,
    labels: Readonly<Record<string, string>> = {},
  ): void {
    const key = `${kind}/${namespace}/${name}`;
    const metadata = { name, uid: key, resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z', labels };
    const object: StoredObject = deepFreeze({
      ...content,
      apiVersion,
      kind,
      metadata: namespace === '' ? metadata : { ...metadata, namespace },
    });
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#change({ type: previous === undefined ? 'added' : 'modified', object, previous });
  }

  remove(kind: string, namespace: string, name: string): void {
    const object = this.#objects.get(`${kind}/${namespace}/${name}`);
    assert.ok(object, `${kind} ${namespace}/${name}: nothing to remove`);
    this.#objects.delete(`${kind}/${namespace}/${name}`);
    this.#change({ type: 'deleted', object, previous: object });
  }

  // The client.

  /** The records of a type; `ENOTFOUND` (no such name), `ENODATA` (nothing of that type), `EREFUSED`, ... where there are none. */
  async ask(name: string, type: 'A' | 'AAAA' | 'SRV' | 'TXT' | 'PTR' | 'CNAME'): Promise<unknown> {
    try {
      const answer = await this.#resolver.resolve(name, type);
      return type === 'SRV' || type === 'TXT' ? answer : [...(answer as string[])].sort();
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error;
    }
  }

  #change(change: ObjectChange): void {
    this.server.onChanges([change]);
    this.step();
  }
}

/** A case of the suite: throws if the server does not do what its contract says. */
export interface NameServerCase {
  readonly name: string;
  readonly run: (make: NameServerFactory) => Promise<void>;
}

/** A case that runs `body` on a server that is bound, and leaves nothing behind. */
export function nameServerCase(name: string, body: (probe: NameServerProbe) => Promise<void>): NameServerCase {
  return {
    name,
    run: async (make) => {
      const probe = new NameServerProbe(await make());
      try {
        await probe.open();
        await body(probe);
      } finally {
        await probe.dispose();
      }
    },
  };
}
