import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Cluster, type ClusterOptions } from '../../src/index.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import type { ServeOptions, ServerHandle } from '../../src/server/index.ts';

const minors = ['1.27', '1.28', '1.29', '1.30', '1.31', '1.32', '1.33'];
const outputMax = 8 * 1024 * 1024;

/** Where the kubectls of this machine are, by minor version. */
export const kubectls: ReadonlyMap<string, string> = found();

function found(): ReadonlyMap<string, string> {
  try {
    const folder = dirname(realpathSync(execFileSync('which', ['kubectl'], { encoding: 'utf8' }).trim()));
    return new Map(minors.map((minor) => [minor, join(folder, `kubectl.${minor}`)] as const).filter(([, file]) => existsSync(file)));
  } catch {
    return new Map();
  }
}

if (kubectls.size < minors.length) {
  const missing = minors.filter((minor) => !kubectls.has(minor));
  console.warn(`\n*** kubectl ${missing.join(', ')} is not on this machine: its tests DO NOT RUN. ***\n`);
}

/** What a command said. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A command that runs: its output so far, and when it ends. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Said>;
  /** Resolves with all output once it holds the text; rejects if the command ends without it. */
  until(text: string | RegExp): Promise<string>;
}

/** A cluster that is served over TLS, with a kubectl. */
export class KubectlCluster implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly server: ServerHandle;
  readonly folder: string;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  readonly #children = new Set<ChildProcess>();

  private constructor(cluster: Cluster, server: ServerHandle, folder: string) {
    this.cluster = cluster;
    this.server = server;
    this.folder = folder;
    this.#running = cluster.run({ signal: this.#stop.signal });
  }

  /** Nodes on the process runtime unless others are given. */
  static async start(options: ServeOptions = {}, clusterOptions: ClusterOptions = {}): Promise<KubectlCluster> {
    const images = { busybox: { command: ['sh'] as const }, node: { command: [process.execPath] as const } };
    const cluster = await Cluster.create({ nodes: [{ name: 'n1', runtime: new ProcessRuntime({ images }) }], ...clusterOptions });
    const server = await cluster.serve({ allow: ['host-processes', 'host-path', 'privileged'], ...options });
    const folder = await mkdtemp(join(tmpdir(), 'coxswain-kubectl-'));
    await server.writeKubeconfig(join(folder, 'kubeconfig'));
    return new KubectlCluster(cluster, server, folder);
  }

  /** Starts a command; `version` is a minor version, the newest unless given. */
  start(args: readonly string[], options: { readonly version?: string; readonly env?: Readonly<Record<string, string>> } = {}): Running {
    const binary = kubectls.get(options.version ?? [...kubectls.keys()].at(-1)!)!;
    const env = { ...process.env, HOME: this.folder, KUBECONFIG: join(this.folder, 'kubeconfig'), ...options.env };
    const child = spawn(binary, args, { env, cwd: this.folder, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#children.add(child);
    let [out, err] = ['', ''];
    const listeners = new Set<() => void>();
    const noted = (): void => listeners.forEach((listener) => listener());
    child.stdout.on('data', (chunk: Buffer) => ((out = (out + chunk.toString()).slice(-outputMax)), noted()));
    child.stderr.on('data', (chunk: Buffer) => ((err += chunk.toString()), noted()));
    child.stdin.on('error', () => undefined);
    const ended = new Promise<Said>((resolve) => {
      child.once('close', (code, signal) => {
        this.#children.delete(child);
        resolve({ code: code ?? (signal === null ? -1 : 128), out, err });
        noted();
      });
    });
    const until = (text: string | RegExp): Promise<string> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const all = out + err;
          if (typeof text === 'string' ? all.includes(text) : text.test(all)) resolve(all);
          else if (child.exitCode !== null) reject(new Error(`kubectl ${args.join(' ')} ended with ${child.exitCode}: ${all}`));
          else return;
          listeners.delete(look);
        };
        listeners.add(look);
        look();
      });
    return { child, ended, until };
  }

  /** Runs a command to its end, whatever that is. */
  run(
    args: readonly string[],
    options: { readonly version?: string; readonly stdin?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<Said> {
    const running = this.start(args, options);
    running.child.stdin?.end(options.stdin ?? '');
    return running.ended;
  }

  /** Runs a command that must succeed; resolves with its output. Words are split at blanks. */
  async ok(
    command: string | readonly string[],
    options: { readonly version?: string; readonly stdin?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<string> {
    const args = typeof command === 'string' ? command.split(' ') : command;
    const said = await this.run(args, options);
    if (said.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${said.code}:\n${said.out}${said.err}`);
    return said.out;
  }

  /** A file below the folder in which commands run. */
  async file(name: string, content: string): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    this.#stop.abort();
    await this.#running;
    await this.cluster.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
