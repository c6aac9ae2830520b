import { Cluster, SystemClock } from 'coxswain';
import type { Pod } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import type { Engine } from '../../src/runtimes/docker/engine.ts';
import type { InspectedContainer } from '../../src/runtimes/docker/engine-answers.ts';
import { leftBehind } from './docker-fixture.ts';
import { patienceMs as suitePatienceMs } from '../runtimes/suite-patience.ts';
import { FaultProxy } from './fault-proxy.ts';
import type { OwnDockerd } from './own-dockerd.ts';
import { ensureTestImages, testEngine, testImages } from './test-images.ts';
import type { Sky, Weather } from './weather.ts';

const clock = new SystemClock();
const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];

export interface WeatherOptions {
  /** An engine of the test's own; that of the environment unless given. */
  readonly dockerd?: OwnDockerd | undefined;
  /** How long anything may take to come right, in milliseconds; as long as any test waits unless given. */
  readonly patienceMs?: number;
}

/** A cluster with one node whose engine is behind a proxy where things go wrong, and a second way to the engine that sees what came of it. */
export class WeatherField {
  readonly #name: string;
  readonly #engine: Engine;
  readonly #proxy: FaultProxy;
  readonly #cluster: Cluster;
  readonly #dockerd: OwnDockerd | undefined;
  readonly #patienceMs: number;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(name: string, engine: Engine, proxy: FaultProxy, cluster: Cluster, { dockerd, patienceMs }: WeatherOptions) {
    this.#name = name;
    this.#engine = engine;
    this.#proxy = proxy;
    this.#cluster = cluster;
    this.#dockerd = dockerd;
    this.#patienceMs = patienceMs ?? suitePatienceMs;
    this.#running = cluster.run({ signal: this.#stop.signal });
  }

  static async open(name: string, options: WeatherOptions = {}): Promise<WeatherField> {
    const { dockerd } = options;
    const engine = await testEngine(dockerd?.host);
    await ensureTestImages(engine, dockerd === undefined ? 'all' : 'base');
    const proxy = await FaultProxy.start(engine);
    const cluster = await Cluster.create({
      name,
      nodes: [{ name: 'n1', runtime: new DockerRuntime({ host: proxy.host, neverPull: true }) }],
    });
    return new WeatherField(name, engine, proxy, cluster, options);
  }

  async close(): Promise<void> {
    this.#proxy.clear();
    this.#stop.abort();
    await this.#running;
    await this.#cluster.close();
    await this.#proxy.close();
    this.#engine.close();
  }

  /** Makes a pod in this weather, and takes it away again. Rejects if it does not run, or something of it is left, in time. */
  async run(n: number, weather: Weather): Promise<void> {
    const container = (name: string) => ({ name, image: testImages.base, command });
    // Every other pod has a sandbox of its own.
    const containers = n % 2 === 0 ? [container('main')] : [container('main'), container('second')];
    const sky = this.#sky();
    weather.before?.(sky);
    const made = await this.#cluster.pods.create({ metadata: { name: `p${n}` }, spec: { terminationGracePeriodSeconds: 2, containers } });
    const current = (): Pod => this.#cluster.pods.get(made.name) ?? made;
    const evidence = (): string => `${weather.name}: ${current().evidence()}`;
    try {
      await this.#within('the pod runs', () => this.#settled(current()), evidence);
      const before = current().status;
      await weather.during?.({
        ...sky,
        running: (role) => this.#containers(made, { status: ['running'] }, role).then((all) => all.map(({ Id }) => Id)),
      });
      const again = async (): Promise<boolean> => (await this.#settled(current())) && (weather.holds?.(before, current().status) ?? true);
      await this.#within('the pod runs again', again, evidence);
    } catch (error) {
      // What went wrong first is what is told.
      await this.#clear(weather, made, evidence).catch(() => undefined);
      throw error;
    }
    await this.#clear(weather, made, evidence);
  }

  /** Takes the pod away, and what was done to the sky. */
  async #clear(weather: Weather, made: Pod, evidence: () => string): Promise<void> {
    await weather.clear?.(this.#sky());
    await (this.#cluster.pods.get(made.name) ?? made).delete();
    await this.#within('the pod goes', async () => this.#cluster.pods.get(made.name) === undefined, evidence);
    this.#proxy.clear();
    // The network is all that stays.
    await this.#within('nothing is left', async () => (await leftBehind(this.#engine, this.#name)).length === 1, evidence);
  }

  /** Looks until the condition holds. An engine that does not answer meanwhile is part of the weather. */
  async #within(what: string, condition: () => Promise<boolean>, evidence: () => string): Promise<void> {
    for (const since = clock.now(); !(await condition().catch(() => false)); await clock.sleep(50)) {
      if (clock.now() - since > this.#patienceMs) throw new Error(`${what}: not within ${this.#patienceMs} ms\n${evidence()}`);
    }
  }

  #sky(): Sky {
    return { proxy: this.#proxy, engine: this.#engine, dockerd: this.#dockerd, running: () => Promise.resolve([]) };
  }

  #containers(pod: Pod, filters: object, role?: 'sandbox' | 'container'): Promise<readonly { readonly Id: string }[]> {
    const label = [`coxswain.pod.uid=${pod.metadata.uid}`, ...(role === undefined ? [] : [`coxswain.role=${role}`])];
    const query = { filters: JSON.stringify({ label, ...filters }) };
    return this.#engine.json('list', { method: 'GET', path: '/containers/json', query });
  }

  /** True if the pod runs as the engine has it too: one running container for each of its own. */
  async #settled(pod: Pod): Promise<boolean> {
    if (!pod.ready) return false;
    // An engine whose disk was full lists for ever what it could not write down: inspection tells.
    const states = await Promise.all(
      (await this.#containers(pod, { status: ['running'] }, 'container')).map(({ Id }) =>
        this.#engine.json<InspectedContainer>('inspect', { method: 'GET', path: `/containers/${Id}/json` }),
      ),
    );
    const running = states.filter(({ State }) => State.Running);
    return running.length === pod.spec.containers.length && running.every(({ State }) => State.Paused !== true);
  }
}
