import { Cluster, SystemClock } from '../../src/index.ts';
import { DockerRuntime } from '../../src/runtimes/docker-runtime.ts';
import { findEngine } from '../../src/runtimes/docker/engine-discovery.ts';
import { hasStatus } from '../../src/runtimes/docker/engine-answered.ts';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { ensureTestImages, testImages } from '../../test/docker/test-images.ts';

const clock = new SystemClock();
const command = ['sleep', '100000'];
const patience = { timeoutMs: 120_000 };
const bestConcurrency = 16;
const podNetwork = 'coxswain-bench';
/** The first two numbers of its range. */
const podRange = '10.213';
let opened = 0;

/** Runs work on every item, so many at a time. */
async function each<T>(items: readonly T[], atATime: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: Math.min(atATime, items.length) }, worker));
}

/** One engine, and the ways to start containers on it: ours, and those it is compared with. Everything is removed again. */
export class EngineBench {
  readonly #engine: Engine;
  readonly #cluster: Cluster;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #made = 0;

  private constructor(engine: Engine, cluster: Cluster) {
    this.#engine = engine;
    this.#cluster = cluster;
    this.#running = cluster.run({ signal: this.#stop.signal });
  }

  static async open(): Promise<EngineBench> {
    const { engine } = await findEngine({}, clock);
    await ensureTestImages(engine);
    await joinSwarm(engine);
    await makePodNetwork(engine);
    const runtime = new DockerRuntime({ neverPull: true });
    // One that could not clear up at once leaves that to its watchdog, which would take what a later one of the same name makes.
    const name = `bench-${process.pid}-${++opened}`;
    const cluster = await Cluster.create({ name, nodes: [{ name: 'n1', runtime, capacity: { pods: '500' } }] });
    return new EngineBench(engine, cluster);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#cluster.close();
    await this.#engine.json('leave the swarm', { method: 'POST', path: '/swarm/leave', query: { force: true } }, patience);
    // Engines lose count of a network's containers now and then, and keep the network until they are restarted: the next run takes it.
    const request = { method: 'DELETE', path: `/networks/${podNetwork}` } as const;
    await this.#engine.json('remove a network', request, patience).catch(() => undefined);
    this.#engine.close();
  }

  /** Milliseconds until so many pods of one container are ready, and until they are gone once they are deleted. */
  async pods(count: number): Promise<{ readonly readyMs: number; readonly goneMs: number }> {
    const app = `bench-${++this.#made}`;
    const container = { name: 'main', image: testImages.base, command };
    const spec = { terminationGracePeriodSeconds: 0, containers: [container] };
    const started = performance.now();
    const web = await this.#cluster.replicationControllers.create({
      metadata: { name: app },
      spec: { replicas: count, selector: { app }, template: { metadata: { labels: { app } }, spec } },
    });
    await web.ready();
    const readyMs = performance.now() - started;
    const ending = performance.now();
    await web.scale(0);
    await this.#cluster.client.waitFor(
      'pods to go',
      () => (this.#cluster.pods.list().length === 0 ? true : undefined),
      () => web.evidence(),
    );
    await this.#untilGone({ label: [`coxswain.cluster=${this.#cluster.name}`] });
    const goneMs = performance.now() - ending;
    await web.delete();
    return { readyMs, goneMs };
  }

  /** The floor: create and start, and nothing else; then kill and remove. On the engine's default bridge, as Swarm and testcontainers. */
  bare(count: number): Promise<{ readonly readyMs: number; readonly goneMs: number }> {
    return this.#bare(count, () => ({}));
  }

  /** The same in a network where each has an address that was chosen for it, as a pod needs one that outlives its containers. */
  bareInPodNetwork(count: number): Promise<{ readonly readyMs: number; readonly goneMs: number }> {
    return this.#bare(count, (n) => {
      const IPv4Address = `${podRange}.${1 + (n >> 7)}.${1 + (n & 127)}`;
      const NetworkingConfig = { EndpointsConfig: { [podNetwork]: { IPAMConfig: { IPv4Address } } } };
      return { HostConfig: { NetworkMode: podNetwork }, NetworkingConfig };
    });
  }

  async #bare(count: number, more: (n: number) => object): Promise<{ readonly readyMs: number; readonly goneMs: number }> {
    const ids: string[] = [];
    const started = performance.now();
    await each(
      Array.from({ length: count }, (_none, n) => n),
      bestConcurrency,
      async (n) => {
        const body = { Image: testImages.base, Cmd: command, Labels: { 'bench.bare': 'true' }, ...more(n) };
        const made = await this.#engine.json<{ readonly Id: string }>(
          'create',
          { method: 'POST', path: '/containers/create', body },
          patience,
        );
        await this.#engine.json('start', { method: 'POST', path: `/containers/${made.Id}/start` }, patience);
        ids.push(made.Id);
      },
    );
    const readyMs = performance.now() - started;
    const ending = performance.now();
    await each(ids, bestConcurrency, (id) =>
      this.#engine.json('remove', { method: 'DELETE', path: `/containers/${id}`, query: { force: true } }, patience),
    );
    return { readyMs, goneMs: performance.now() - ending };
  }

  /** `docker service create` with so many tasks. */
  async swarm(count: number): Promise<{ readonly readyMs: number; readonly goneMs: number }> {
    const name = `bench-${process.pid}-${++this.#made}`;
    const ContainerSpec = { Image: testImages.base, Command: command, StopGracePeriod: 1 };
    const body = { Name: name, TaskTemplate: { ContainerSpec }, Mode: { Replicated: { Replicas: count } } };
    const started = performance.now();
    await this.#engine.json('create a service', { method: 'POST', path: '/services/create', body }, patience);
    const query = { filters: JSON.stringify({ service: [name], 'desired-state': ['running'] }) };
    for (;;) {
      const tasks = await this.#engine.json<readonly { readonly Status: { readonly State: string } }[]>('tasks', {
        method: 'GET',
        path: '/tasks',
        query,
      });
      if (tasks.filter(({ Status }) => Status.State === 'running').length === count) break;
      await clock.sleep(20);
    }
    const readyMs = performance.now() - started;
    const ending = performance.now();
    await this.#engine.json('remove a service', { method: 'DELETE', path: `/services/${name}` }, patience);
    await this.#untilGone({ label: [`com.docker.swarm.service.name=${name}`] });
    return { readyMs, goneMs: performance.now() - ending };
  }

  /** One container by testcontainers, without its reaper, whose image is on a registry. */
  async testcontainers(): Promise<number> {
    process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
    const { GenericContainer } = await import('testcontainers');
    const started = performance.now();
    const container = await new GenericContainer(testImages.base).withCommand(command).start();
    const ms = performance.now() - started;
    await container.stop({ timeout: 0 });
    return ms;
  }

  async #untilGone(filter: object): Promise<void> {
    const query = { all: true, filters: JSON.stringify(filter) };
    while ((await this.#engine.json<readonly unknown[]>('list', { method: 'GET', path: '/containers/json', query }, patience)).length > 0)
      await clock.sleep(20);
  }
}

async function makePodNetwork(engine: Engine): Promise<void> {
  const body = { Name: podNetwork, CheckDuplicate: true, IPAM: { Config: [{ Subnet: `${podRange}.0.0/16` }] } };
  try {
    await engine.json('make a network', { method: 'POST', path: '/networks/create', body }, patience);
  } catch (error) {
    if (!hasStatus(error, 409)) throw error;
  }
}

async function joinSwarm(engine: Engine): Promise<void> {
  const info = await engine.json<{ readonly Swarm?: { readonly LocalNodeState?: string } }>(
    'info',
    { method: 'GET', path: '/info' },
    patience,
  );
  if (info.Swarm?.LocalNodeState === 'active') throw new Error('the engine is part of a swarm: the bench would leave it at its end');
  const body = { ListenAddr: '127.0.0.1:2377', AdvertiseAddr: '127.0.0.1' };
  await engine.json('make a swarm', { method: 'POST', path: '/swarm/init', body }, patience);
}
