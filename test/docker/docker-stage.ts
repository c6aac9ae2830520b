import { Cluster } from 'coxswain';
import type { ClusterOptions, Pod, ReplicationController, Service } from 'coxswain';
import type { Container } from 'coxswain/models';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { OwnDockerd } from './own-dockerd.ts';
import type { OwnDockerdOptions } from './own-dockerd.ts';
import { ensureTestImages, testEngine } from './test-images.ts';

/** Does something with an engine of the test's own, around the product. */
export async function withEngine<T>({ host }: OwnDockerd, work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await testEngine(host);
  try {
    return await work(engine);
  } finally {
    engine.close();
  }
}

/** A cluster on Docker that runs by itself until it is closed. */
export class DockerStage {
  readonly cluster: Cluster;
  readonly #engines: readonly OwnDockerd[];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #closed: Promise<void> | undefined;

  private constructor(cluster: Cluster, engines: readonly OwnDockerd[]) {
    this.cluster = cluster;
    this.#engines = engines;
    this.#running = cluster.run({ signal: this.#stop.signal });
  }

  /** @param engines Engines of the test's own, which `dispose` ends. */
  static async open(options: ClusterOptions, engines: readonly OwnDockerd[] = []): Promise<DockerStage> {
    try {
      return new DockerStage(await Cluster.create(options), engines);
    } catch (error) {
      for (const engine of engines) await engine.close();
      throw error;
    }
  }

  /** Engines with the images of the tests on them. */
  static async engines(wanted: readonly OwnDockerdOptions[]): Promise<readonly OwnDockerd[]> {
    const engines: OwnDockerd[] = [];
    for (const options of wanted) {
      const dockerd = await OwnDockerd.start(options);
      engines.push(dockerd);
      await withEngine(dockerd, (engine) => ensureTestImages(engine));
    }
    return engines;
  }

  /** As it is now. */
  now(pod: Pod): Pod {
    return this.cluster.pods.get(pod.name)!;
  }

  until(pod: Pod, what: string, condition: (now: Pod) => boolean): Promise<true> {
    return this.value(pod, what, (now) => (condition(now) ? true : undefined));
  }

  value<T>(pod: Pod, what: string, look: (now: Pod) => T | undefined): Promise<T> {
    return this.cluster.client.waitFor(
      what,
      () => look(this.now(pod)),
      () => this.now(pod).evidence(),
    );
  }

  /** A ReplicationController `web` with one pod of this container on each of two nodes, and its Service; both ready. */
  async web(container: Container): Promise<{ readonly web: ReplicationController; readonly service: Service }> {
    const spread = {
      maxSkew: 1,
      topologyKey: 'kubernetes.io/hostname',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
    };
    const web = await this.cluster.replicationControllers.create({
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { app: 'web' },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: { terminationGracePeriodSeconds: 1, topologySpreadConstraints: [spread], containers: [container] },
        },
      },
    });
    const service = await this.cluster.expose(web, { port: 80, targetPort: 8080, protocol: 'http' });
    await web.ready();
    await service.ready();
    return { web, service };
  }

  /** Closes the cluster; the engines go on. A repeat has no effect. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async dispose(): Promise<void> {
    for (const engine of this.#engines) engine.freeze(false);
    await this.close();
    for (const engine of this.#engines) await engine.close();
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.cluster.close();
  }
}
