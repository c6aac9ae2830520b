import { Cluster } from 'coxswain';
import type { ClusterOptions, Pod, ReplicationController, Service } from 'coxswain';
import type { Container } from 'coxswain/models';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import { leftBehind } from './docker-fixture.ts';
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

  /** How the pods of each node reach one another, as the nodes' statuses say. */
  podNetworks(): readonly { readonly status: string; readonly reason: string | undefined }[] {
    return this.cluster.nodes.list().flatMap((node) => {
      const found = node.status.conditions?.find(({ type }) => type === 'coxswain.dev/PodNetwork');
      return found === undefined ? [] : [{ status: found.status, reason: found.reason }];
    });
  }

  /** The pod of `web` that is on the node, and is to stay. */
  podOn(node: string): Pod {
    const pods = this.cluster.replicationControllers.get('web')!.pods();
    return pods.find((pod) => pod.nodeName === node && pod.metadata.deletionTimestamp === undefined)!;
  }

  /** What a pod hears from one of `web` by its address: its name. */
  async heard(from: Pod, to: Pod): Promise<string> {
    const code = `fetch('http://${to.ip}:8080/').then((answer) => answer.text()).then(console.log)`;
    return (await from.exec(['node', '-e', code])).stdout.trim();
  }

  /** The names of who answers for the Service, sorted. */
  async answers(service: Service): Promise<readonly string[]> {
    const names = new Set<string>();
    for (let i = 0; i < 6; i++) names.add(await (await fetch(service.url()!)).text());
    return [...names].sort();
  }

  /** What is on the test's own engines with the cluster's label. */
  async left(): Promise<readonly string[]> {
    const each = this.#engines.map((dockerd) => withEngine(dockerd, (engine) => leftBehind(engine, this.cluster.name)));
    return (await Promise.all(each)).flat();
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
