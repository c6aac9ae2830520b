import assert from 'node:assert/strict';
import type { Container, PodSpec } from '../api/generated/models.ts';
import { silentLogger } from '../env/logger.ts';
import type { Clock } from '../env/clock.ts';
import { SeededRandom } from '../env/seeded-random.ts';
import { SystemSecureRandom } from '../env/system-secure-random.ts';
import type {
  ContainerConfig,
  ContainerState,
  ContainerStatusReport,
  ExecSession,
  LogOptions,
  Runtime,
  RuntimeEnv,
  RuntimeInfo,
  SandboxReport,
} from '../runtimes/runtime.ts';

/**
 * Images that do what the suite needs, by the names under which the runtime under test knows them. Wherever output is named, it ends
 * with a newline. `server` and `stubborn` listen for HTTP on `$HOST` and the container's port 8080.
 */
export interface RuntimeSuiteImages {
  /**
   * Writes `started` to standard output and `warming` to standard error, then serves until SIGTERM, on which it exits with 0:
   * `/healthy` 200, `/broken` 503, `/slow` no answer, `/env?NAME` the value of a variable, `/args` the arguments as JSON,
   * `/file?PATH` the contents of a file as the container sees it (404 if there is none), `/write?PATH` writes `written` to it.
   */
  readonly server: string;
  /** Like `server`, but goes on after SIGTERM. */
  readonly stubborn: string;
  /** Writes `done` to standard output and exits with 0. */
  readonly quick: string;
  /** Writes `oops` to standard error and exits with 3. */
  readonly failing: string;
  /** A name under which there is nothing. */
  readonly missing: string;
  /** An image whose program cannot be run. Absent if the runtime has no such thing. */
  readonly unstartable?: string;
}

/** Commands for `exec` in a container of the image `server`. */
export interface RuntimeSuiteCommands {
  /** Writes `text` to standard output and `problem` to standard error, and exits with `exitCode`. */
  say(text: string, problem: string, exitCode: number): readonly string[];
  /** Copies standard input to standard output until it ends. */
  readonly echo: readonly string[];
  /** Runs until it is killed. */
  readonly hang: readonly string[];
}

/** A runtime to try, with a place that nobody else uses. */
export interface RuntimeFixture {
  /** Fresh, not yet opened. */
  readonly runtime: Runtime;
  /** Another instance for the same node, after the first was closed with `keep`. Absent if pods cannot outlive the runtime. */
  readonly again?: () => Runtime;
  readonly clock: Clock;
  readonly stateDir: string;
  readonly images: RuntimeSuiteImages;
  readonly commands: RuntimeSuiteCommands;
  /**
   * Resolves like `promise`, but makes time pass until it does: for virtual clocks. Must reject when it takes longer than the
   * fixture has patience for.
   */
  settle<T>(promise: Promise<T>, what: string): Promise<T>;
  /** How long the suite waits for what the contract promises to happen, in milliseconds of the clock; 15,000 unless given. */
  readonly patienceMs?: number;
  /** Called last, after the runtime was closed. Should fail if anything was left behind. */
  dispose(): Promise<void>;
}

export type RuntimeFactory = () => RuntimeFixture | Promise<RuntimeFixture>;

/** A container of a case. */
export interface ProbeContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly sandbox: SandboxReport;
}

/** What the cases of the runtime suite use to drive the runtime under test. */
export class RuntimeProbe {
  readonly fixture: RuntimeFixture;
  runtime: Runtime;
  info: RuntimeInfo | undefined;
  readonly #opened: Runtime[] = [];

  constructor(fixture: RuntimeFixture) {
    this.fixture = fixture;
    this.runtime = fixture.runtime;
  }

  get images(): RuntimeSuiteImages {
    return this.fixture.images;
  }

  get commands(): RuntimeSuiteCommands {
    return this.fixture.commands;
  }

  within<T>(promise: Promise<T>, what: string): Promise<T> {
    return this.fixture.settle(promise, what);
  }

  async open(onHostDeath: RuntimeEnv['onHostDeath'] = 'kill', runtime: Runtime = this.runtime): Promise<RuntimeInfo> {
    this.runtime = runtime;
    this.#opened.push(runtime);
    const env: RuntimeEnv = {
      clock: this.fixture.clock,
      random: new SeededRandom(1),
      secureRandom: new SystemSecureRandom(),
      logger: silentLogger,
      clusterId: 'suite',
      nodeName: 'node-1',
      onHostDeath,
      podCidr: '10.244.9.0/24',
      stateDir: this.fixture.stateDir,
    };
    this.info = await this.within(runtime.open(env), 'open()');
    return this.info;
  }

  /** Closes whatever was opened: in the end nothing may be left, so what was kept is opened once more and ended. */
  async dispose(): Promise<void> {
    for (const runtime of this.#opened) await this.within(runtime.close(), 'close()');
    await this.fixture.dispose();
  }

  async sandbox(name: string, spec: Partial<PodSpec> = {}, attempt = 0): Promise<SandboxReport> {
    const pod = {
      apiVersion: 'v1' as const,
      kind: 'Pod' as const,
      metadata: { name, namespace: 'suite', uid: uidOf(name), resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' },
      spec: { containers: [{ name: 'main', image: this.images.server, ports: [{ containerPort: 8080 }] }], ...spec },
    };
    return this.within(this.runtime.runSandbox({ pod, attempt, hostname: name, dns: undefined }), `runSandbox(${name})`);
  }

  config(image: string, overrides: Partial<ContainerConfig> & { readonly spec?: Partial<Container> } = {}): ContainerConfig {
    const { spec, ...rest } = overrides;
    return {
      container: { name: 'main', image, ports: [{ name: 'http', containerPort: 8080 }], ...spec },
      type: 'container',
      attempt: 0,
      image,
      env: [],
      command: undefined,
      args: undefined,
      workingDir: undefined,
      mounts: [],
      securityContext: undefined,
      ...rest,
    };
  }

  pull(image: string): Promise<string> {
    return this.within(this.runtime.pullImage({ image, credentials: [] }), `pullImage(${image})`);
  }

  async create(sandbox: SandboxReport, config: ContainerConfig): Promise<ProbeContainer> {
    await this.pull(config.image);
    const id = await this.within(this.runtime.createContainer(sandbox.id, config), `createContainer(${config.image})`);
    return { id, config, sandbox };
  }

  start(container: ProbeContainer): Promise<void> {
    return this.within(this.runtime.startContainer(container.id), `startContainer(${container.config.image})`);
  }

  /** A pod with one container of the image, started; one that serves has said so. */
  async run(image: string, name = 'a', overrides: Parameters<RuntimeProbe['config']>[1] = {}): Promise<ProbeContainer> {
    const container = await this.create(await this.sandbox(name), this.config(image, overrides));
    await this.start(container);
    if (image !== this.images.server && image !== this.images.stubborn) return container;
    // Until then it may not know yet what to do about signals.
    await this.until(async () => (await this.output(container)).stdout === 'started\n', 'the log says that it has started');
    return container;
  }

  /** A started container of the image `server` that answers. */
  async serve(name = 'a', overrides: Parameters<RuntimeProbe['config']>[1] = {}, image = this.images.server): Promise<ProbeContainer> {
    const container = await this.run(image, name, overrides);
    await this.until(async () => {
      const handler = { httpGet: { port: 8080, path: '/healthy' } };
      return (await this.probe(container, handler)).outcome === 'success';
    }, 'the server answers');
    return container;
  }

  probe(container: ProbeContainer, handler: Parameters<Runtime['probe']>[2], timeoutMs = 5000) {
    const [ip = ''] = container.sandbox.ips;
    return this.within(this.runtime.probe(container.id, ip, handler, timeoutMs), `probe(${JSON.stringify(handler)})`);
  }

  async report({ id, sandbox }: ProbeContainer): Promise<ContainerStatusReport | undefined> {
    const reports = await this.within(this.runtime.inspectPod(sandbox.podUid), 'inspectPod()');
    return reports.flatMap((each) => each.containers).find((each) => each.id === id);
  }

  async state(container: ProbeContainer): Promise<ContainerState['state'] | undefined> {
    return (await this.report(container))?.state.state;
  }

  /** The end of a container, once it has come. */
  async ended(container: ProbeContainer): Promise<Extract<ContainerState, { state: 'exited' }>> {
    let last: ContainerState | undefined;
    await this.until(
      async () => {
        last = (await this.report(container))?.state;
        return last?.state === 'exited';
      },
      `the container ends, it is ${JSON.stringify(last)}`,
    );
    assert.ok(last?.state === 'exited');
    return last;
  }

  /** Looks again and again until the condition holds. */
  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    const patienceMs = this.fixture.patienceMs ?? 15_000;
    for (let looks = 0; !(await condition()); looks++) {
      assert.ok(looks * 20 < patienceMs, `${what}: did not happen within ${patienceMs} ms`);
      await this.within(this.fixture.clock.sleep(20), what);
    }
  }

  /** What the container wrote, by stream. */
  async output(container: ProbeContainer, options: LogOptions = {}): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const text = { stdout: '', stderr: '' };
    const read = async (): Promise<void> => {
      for await (const { stream, data } of this.runtime.logs(container.id, options)) text[stream] += Buffer.from(data).toString();
    };
    await this.within(read(), `logs(${JSON.stringify(options)})`);
    return text;
  }

  /** The whole output of a session, and its exit code. */
  async finish(session: ExecSession): Promise<{ readonly exitCode: number; readonly stdout: string; readonly stderr: string }> {
    const text = { stdout: '', stderr: '' };
    const read = async (name: 'stdout' | 'stderr', stream: NodeJS.ReadableStream | undefined): Promise<void> => {
      if (stream !== undefined) for await (const chunk of stream) text[name] += String(chunk);
    };
    const [exitCode] = await this.within(
      Promise.all([session.exitCode, read('stdout', session.stdout), read('stderr', session.stderr)]),
      'the end of a session',
    );
    return { exitCode, ...text };
  }

  /** The answer of a pod's server, over the address that the runtime names. */
  async fetch(container: ProbeContainer, path: string): Promise<{ readonly status: number; readonly body: string }> {
    const address = this.runtime.podAddress(container.sandbox.podUid, 8080, 'TCP');
    assert.ok(address, 'podAddress: expected an address for port 8080 of a running pod, got undefined');
    const get = async () => {
      const response = await fetch(`http://${address.host}:${address.port}${path}`, { headers: { connection: 'close' } });
      return { status: response.status, body: await response.text() };
    };
    return this.within(get(), `GET ${path}`);
  }
}

/** A uid that follows from a name. */
export const uidOf = (name: string): string => `00000000-0000-4000-8000-${Buffer.from(name).toString('hex').padStart(12, '0').slice(-12)}`;

/** A case of the suite: throws if the runtime does not do what its contract says. */
export interface RuntimeCase {
  readonly name: string;
  run(make: RuntimeFactory): Promise<void>;
}

/** A case that runs `body` on an opened runtime and leaves nothing behind. */
export function runtimeCase(
  name: string,
  body: (probe: RuntimeProbe) => Promise<void>,
  options: { readonly open: boolean } = { open: true },
): RuntimeCase {
  return {
    name,
    async run(make) {
      const probe = new RuntimeProbe(await make());
      try {
        if (options.open) await probe.open();
        await body(probe);
      } finally {
        await probe.dispose();
      }
    },
  };
}
