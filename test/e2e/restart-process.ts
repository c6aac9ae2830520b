import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { join } from 'node:path';
import { SystemClock } from '../../src/env/system-clock.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

export interface PodState {
  readonly uid: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly ip: string;
  readonly restarts: number;
  readonly id: string;
  readonly exit: number | undefined;
}

export interface HostState {
  readonly pods: Readonly<Record<string, PodState>>;
  readonly clusterIP: string;
  readonly nodePort: number;
  readonly url: string;
  readonly talked: readonly string[];
  readonly said: readonly string[];
}

const clock = new SystemClock();

/** A host with a cluster on disk, in a process of its own; `restart-host.ts` says what it has. */
export class RestartHost {
  readonly #process: ChildProcess;
  readonly #lines: Interface;
  readonly #heard: string[] = [];
  #listen: (() => void) | undefined;

  constructor(folder: string, onHostDeath: 'keep' | 'kill', runtime: 'process' | 'docker' = 'process') {
    const program = join(import.meta.dirname, 'restart-host.ts');
    const args = ['--import', 'tsx', program, folder, onHostDeath, runtime];
    this.#process = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#process.stdout! });
    this.#lines.on('line', (line) => {
      this.#heard.push(line);
      this.#listen?.();
    });
    this.#process.on('exit', () => this.#listen?.());
  }

  async up(): Promise<this> {
    const said = await this.#next();
    if (said !== 'up') throw new Error(`the host said ${said}`);
    return this;
  }

  async state(): Promise<HostState> {
    this.#process.stdin!.write('state\n');
    return JSON.parse(await this.#next()) as HostState;
  }

  async end(how: 'SIGKILL' | 'close'): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    if (how === 'close') this.#process.stdin!.write('close\n');
    else this.#process.kill('SIGKILL');
    await exited;
  }

  async #next(): Promise<string> {
    while (this.#heard.length === 0) {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`the host ended: ${this.#process.exitCode ?? this.#process.signalCode}`);
      await new Promise<void>((resolve) => (this.#listen = resolve));
    }
    return this.#heard.shift()!;
  }
}

/** Resolves when `check` holds; rejects once it is clear that something hangs. */
export async function until(check: () => boolean | Promise<boolean>, what: string, evidence = (): string => ''): Promise<void> {
  for (const deadline = clock.now() + patienceMs; !(await check()); await clock.sleep(50))
    if (clock.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what} ${evidence()}`);
}

/** Who answers behind the Service, at its address and at its node port: each says its name. */
export async function answers(at: HostState): Promise<readonly string[]> {
  const names = new Set<string>();
  for (let i = 0; i < 8; i++) names.add(await (await fetch(at.url)).text());
  for (let i = 0; i < 4; i++) names.add(await (await fetch(`http://127.0.0.1:${at.nodePort}`)).text());
  return [...names].sort();
}

/** What the host says once its Pods are as they should become. */
export async function stateOf(host: RestartHost, check: (pods: HostState['pods']) => boolean): Promise<HostState> {
  let state = await host.state();
  await until(
    async () => check((state = await host.state()).pods),
    'the Pods as they should become',
    () => JSON.stringify(state.pods),
  );
  return state;
}
