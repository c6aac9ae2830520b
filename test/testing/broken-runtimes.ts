import { FinishedExecSession } from '../../src/runtimes/finished-exec-session.ts';
import type { ContainerState, ExecSession, LogOptions, Runtime, SandboxReport } from '../../src/runtimes/runtime.ts';

/** How an adapter is broken: methods that take the place of its own, given the adapter as it is. */
type Breakage = (runtime: Runtime) => Partial<Runtime>;

/** A runtime that is right but for what `breakage` does to it. */
export function broken(runtime: Runtime, breakage: Breakage): Runtime {
  const replaced = breakage(runtime);
  return new Proxy(runtime, {
    get: (target, name) => {
      const value: unknown = Reflect.get(name in replaced ? replaced : target, name);
      return typeof value === 'function' ? (value.bind(name in replaced ? replaced : target) as unknown) : value;
    },
  });
}

const withStates = (reports: readonly SandboxReport[], change: (state: ContainerState) => ContainerState): readonly SandboxReport[] =>
  reports.map((report) => ({
    ...report,
    containers: report.containers.map((container) => ({ ...container, state: change(container.state) })),
  }));

const lying = (change: (state: ContainerState) => ContainerState): Breakage => {
  return (runtime) => ({ inspectPod: async (uid, options) => withStates(await runtime.inspectPod(uid, options), change) });
};

const withIps = (ips: readonly string[]): Breakage => {
  return (runtime) => ({ runSandbox: async (config, options) => ({ ...(await runtime.runSandbox(config, options)), ips }) });
};

const never = (): Promise<never> => new Promise(() => undefined);

const logsWith = (change: (options: LogOptions) => LogOptions): Breakage => {
  return (runtime) => ({ logs: (id, options) => runtime.logs(id, change(options)) });
};

const sessionWith = (change: (session: ExecSession) => Partial<ExecSession>): Breakage => {
  return (runtime) => ({
    exec: async (id, options) => {
      const session = await runtime.exec(id, options);
      const { stdin, stdout, stderr, exitCode } = session;
      const copy = { stdin, stdout, stderr, exitCode, resize: () => undefined, close: () => session.close() };
      return { ...copy, ...change(session) };
    },
  });
};

/** Everything waits for everything. */
const oneAtATime: Breakage = (runtime) => {
  let last: Promise<unknown> = Promise.resolve();
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
  return {
    stopContainer: (id, graceMs, options) => queued(() => runtime.stopContainer(id, graceMs, options)),
    runSandbox: (config, options) => queued(() => runtime.runSandbox(config, options)),
  };
};

/** A second stop waits for the first. */
const firstStopCounts: Breakage = (runtime) => {
  let first: Promise<void> | undefined;
  return { stopContainer: (id, graceMs, options) => (first ??= runtime.stopContainer(id, graceMs, options)) };
};

const createWith = (change: (config: Parameters<Runtime['createContainer']>[1]) => Parameters<Runtime['createContainer']>[1]): Breakage => {
  return (runtime) => ({ createContainer: (id, config, options) => runtime.createContainer(id, change(config), options) });
};

/** For each case of the suite, an adapter it has to find out. */
export const breakages: Readonly<Record<string, Breakage>> = {
  'open: says what the node has to offer': (runtime) => ({ open: async (env) => ({ ...(await runtime.open(env)), capacity: {} }) }),
  'close: may be repeated, and every call after it is refused': () => ({ healthy: async () => undefined }),
  'sandbox: is ready with an address, and is listed': withIps([]),
  'sandbox: a repeat, even at the same time, gives the same one': (runtime) => {
    let attempt = 0;
    return { runSandbox: (config, options) => runtime.runSandbox({ ...config, attempt: attempt++ }, options) };
  },
  'sandbox: no two pods have the same address': withIps(['127.1.1.1']),
  'sandbox: hostNetwork pods have the address of the node': withIps(['127.1.1.1']),
  'sandbox: the next attempt is another one, and comes last': (runtime) => ({
    inspectPod: async (uid, options) => [...(await runtime.inspectPod(uid, options))].reverse(),
  }),
  'sandbox: stop kills what runs in it, remove forgets it, and both may be repeated': () => ({ stopSandbox: async () => undefined }),
  'image: one that is not there is refused with its name': () => ({ pullImage: async () => 'id' }),
  'image: once pulled it is there, and pulling again gives the same id': () => ({ imageStatus: async () => undefined }),
  'calls: an aborted one rejects with ABORTED': (runtime) => ({ stopContainer: (id, graceMs) => runtime.stopContainer(id, graceMs) }),
  'calls: one that passes its deadline rejects with RUNTIME_DEADLINE': (runtime) => ({
    stopContainer: (id, graceMs) => runtime.stopContainer(id, graceMs),
  }),
  'calls: what one pod waits for does not hold up another': oneAtATime,
  'container: is created, then started, and a repeat of either changes nothing': lying((state) =>
    state.state === 'created' ? { state: 'running', startedAtMs: 1 } : state,
  ),
  'container: one that ends well is Completed with 0': lying((state) => (state.state === 'exited' ? { ...state, reason: 'Error' } : state)),
  'container: one that fails is Error with its code': lying((state) => (state.state === 'exited' ? { ...state, exitCode: 0 } : state)),
  'container: stop lets it end by itself': (runtime) => ({ stopContainer: (id) => runtime.stopContainer(id, 0) }),
  'container: stop kills what does not end within the grace period': () => ({ stopContainer: never }),
  'container: a second stop with less grace kills sooner': firstStopCounts,
  'container: stop of one that is dead or unknown has no effect': (runtime) => ({
    stopContainer: async (id, graceMs) => {
      if ((await runtime.listSandboxes()).every(({ containers }) => containers.every((each) => each.id !== id))) throw new Error('unknown');
      await runtime.stopContainer(id, graceMs);
    },
  }),
  'container: a restart is a container of its own beside the old one': createWith((config) => ({ ...config, attempt: 0 })),
  'container: a removed one is gone, a running one is not removed': () => ({ removeContainer: async () => undefined }),
  'container: what is not there is refused as not found': () => ({ startContainer: async () => undefined }),
  'container: a program that cannot be run is said at the start': () => ({ startContainer: async () => undefined }),
  'container: two of one pod run side by side': (runtime) => ({
    startContainer: async (id) => {
      for (const { containers } of await runtime.listSandboxes()) {
        for (const other of containers) if (other.id !== id) await runtime.stopContainer(other.id, 0);
      }
      await runtime.startContainer(id);
    },
  }),
  'events: a listener hears of an end, until it leaves': () => ({ onEvent: () => () => undefined }),
  'stats: a running pod has figures, and its CPU time never goes back': () => ({ stats: async () => [] }),
  'logs: have both streams, and stay when the container is dead': (runtime) => ({
    async *logs(id, options) {
      for await (const chunk of runtime.logs(id, options)) yield { ...chunk, stream: 'stdout' };
    },
  }),
  'logs: tail, limit and since': logsWith(({ follow = false }) => ({ follow })),
  'logs: a reader that follows ends with the container, or when it leaves': logsWith((options) => ({ ...options, follow: false })),
  'exec: output of both streams and the exit code': sessionWith(() => ({ exitCode: Promise.resolve(0) })),
  'exec: standard input reaches the command': (runtime) => ({ exec: (id, options) => runtime.exec(id, { ...options, stdin: false }) }),
  'exec: without a standard input it is at its end': (runtime) => ({
    exec: (id, options) => runtime.exec(id, { ...options, stdin: true }),
  }),
  'exec: closing the session ends the command': sessionWith(() => ({ close: async () => undefined })),
  'exec: refused in a container that does not run': () => ({
    exec: async (_id, options) => new FinishedExecSession({ exitCode: 0 }, options),
  }),
  'probe: a command': () => ({ probe: async () => ({ outcome: 'success', message: '' }) }),
  'probe: HTTP': (runtime) => ({
    probe: (id, ip, { httpGet }, ms) => runtime.probe(id, ip, { httpGet: { ...httpGet!, path: '/healthy' } }, ms),
  }),
  'probe: TCP': (runtime) => ({
    probe: async (id, ip, handler, ms) =>
      handler.tcpSocket === undefined ? runtime.probe(id, ip, handler, ms) : { outcome: 'success', message: '' },
  }),
  'probe: fails for a container that does not run': () => ({ probe: async () => ({ outcome: 'success', message: '' }) }),
  'hook: a command, HTTP and sleep': () => ({ runHook: async () => undefined }),
  'environment: variables and arguments arrive as they are': createWith((config) => ({
    ...config,
    args: config.args?.map((arg) => arg.trim()).filter((arg) => arg !== ''),
  })),
  'volume: files are there, and an update changes all of them': (runtime) => {
    const prepared = new Set<string>();
    return {
      prepareVolume: async (id, name, content) => {
        if (!prepared.has(name)) await runtime.prepareVolume(id, name, content);
        prepared.add(name);
      },
    };
  },
  'volume: a sub-path shows a part': createWith((config) => ({
    ...config,
    mounts: config.mounts.map((mount) => ({ ...mount, subPath: '' })),
  })),
  'volume: an emptyDir is shared by the pod and survives a restart of its container': createWith((config) => ({
    ...config,
    mounts: config.mounts.map((mount) => ({ ...mount, subPath: String(config.attempt) })),
  })),
  'volume: one that was not prepared, or a hostPath of the wrong type, is refused': createWith((config) => ({ ...config, mounts: [] })),
  'network: a pod is reached at the address the runtime names': () => ({ podAddress: () => undefined }),
  'network: two pods serve the same port': (runtime) => {
    let first: string | undefined;
    return { podAddress: (uid, port, protocol) => runtime.podAddress((first ??= uid), port, protocol) };
  },
  'network: port-forward reaches a port of the pod, and refuses a closed one': (runtime) => ({
    portForward: (id) => runtime.portForward(id, 8080),
  }),
  'keep: what runs goes on, and the next host finds it': (runtime) => ({ open: (env) => runtime.open({ ...env, onHostDeath: 'kill' }) }),
  'kill: nothing is left for the next host': (runtime) => ({ open: (env) => runtime.open({ ...env, onHostDeath: 'keep' }) }),
};

/** Cases that only a runtime of real programs can be broken for. */
export const needPrograms: readonly string[] = [
  'container: a program that cannot be run is said at the start',
  'keep: what runs goes on, and the next host finds it',
  'kill: nothing is left for the next host',
];
