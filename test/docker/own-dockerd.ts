import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from 'coxswain';
import { DockerRuntime } from '../../src/runtimes/docker-runtime.ts';
import type { OwnMachine } from './own-machine.ts';
import { OwnTurn } from './own-turn.ts';
import { within } from '../runtimes/suite-patience.ts';

const clock = new SystemClock();

/** Whether this user may start an engine of his own here; says so if not. */
export function canStartDockerd(): boolean {
  const can = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/sbin/dockerd');
  if (!can)
    console.warn('*** no engine can be started here (root and dockerd are needed): tests with engines of their own DO NOT RUN. ***');
  return can;
}

/** The first three numbers of a range that no other test uses, nor this one where it runs at the same time from another folder. */
export const ownSubnet = (second: number): string => `10.${second}.${process.pid % 256}`;

/** A command, on that machine. */
const on = (machine: OwnMachine | undefined, program: string, args: readonly string[]): [string, readonly string[]] =>
  machine === undefined ? [program, args] : ['nsenter', [`--net=${machine.namespace}`, program, ...args]];

export interface OwnDockerdOptions {
  /** The first three numbers of its bridge's range. */
  readonly subnet: string;
  /** Containers go on when it ends. False unless given. */
  readonly liveRestore?: boolean;
  /** Where it runs, with an address of its own; on this machine unless given. */
  readonly machine?: OwnMachine;
  /** How much it may store, in MiB: then its data are in memory. No limit unless given. */
  readonly diskMb?: number;
  /** Its data are in a btrfs of this many MiB, which can hold containers to limits. */
  readonly btrfsMb?: number;
  /** It listens at this port of 127.0.0.1 too, for those alone whom the authority in the folder (`ca.pem`, `server-cert.pem`, `server-key.pem`) has signed for. */
  readonly tls?: { readonly folder: string; readonly port: number };
  /** Names by which it has this machine's `runc` besides the usual one. */
  readonly runtimes?: readonly string[];
}

const tlsArguments = ({ folder, port }: NonNullable<OwnDockerdOptions['tls']>): readonly string[] => [
  ...['--host', `tcp://127.0.0.1:${port}`, '--tlsverify'],
  ...['--tlscacert', join(folder, 'ca.pem'), '--tlscert', join(folder, 'server-cert.pem'), '--tlskey', join(folder, 'server-key.pem')],
];

const noRules = 'no-rules';

/** An `iptables` for the engine that refuses when it is told to. */
function writeFilter(folder: string): void {
  const real = execFileSync('sh', ['-c', 'command -v iptables']).toString().trim();
  const refuse = `if [ -e ${join(folder, noRules)} ]; then case "$*" in *cxw*) exit 4 ;; esac; fi`;
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'bin/iptables'), `#!/bin/sh\n${refuse}\nexec ${real} "$@"\n`, { mode: 0o755 });
}

function mountBtrfs(folder: string, sizeMb: number): void {
  const image = join(folder, 'image');
  writeFileSync(image, '');
  truncateSync(image, sizeMb * 2 ** 20);
  execFileSync('mkfs.btrfs', ['-q', image], { stdio: 'ignore' });
  mkdirSync(join(folder, 'data'));
  execFileSync('mount', ['-o', 'loop', image, join(folder, 'data')]);
}

/** A dockerd with folders, a socket and a bridge of its own, to be stopped and to stand still. */
export class OwnDockerd {
  readonly #folder: string;
  readonly #bridge: string;
  readonly #liveRestore: boolean;
  readonly #driver: readonly string[];
  readonly #tls: readonly string[];
  readonly #runtimes: readonly string[];
  readonly #machine: OwnMachine | undefined;
  #process: ChildProcess | undefined;

  private constructor(folder: string, bridge: string, { liveRestore = false, machine, btrfsMb, tls, runtimes = [] }: OwnDockerdOptions) {
    this.#runtimes = runtimes.flatMap((name) => ['--add-runtime', `${name}=runc`]);
    this.#tls = tls === undefined ? [] : tlsArguments(tls);
    this.#driver = btrfsMb === undefined ? [] : ['--storage-driver', 'btrfs'];
    this.#machine = machine;
    this.#bridge = bridge;
    this.#folder = folder;
    this.#liveRestore = liveRestore;
  }

  static async start(options: OwnDockerdOptions): Promise<OwnDockerd> {
    const folder = mkdtempSync(join(tmpdir(), 'cxd-'));
    // Without a bridge of its own it would take, or remove, the one that other engines of this machine use.
    const { subnet, machine, diskMb, btrfsMb } = options;
    const bridge = `cxd${folder.slice(-6)}`;
    const ip = (...args: readonly string[]): void => void execFileSync(...on(machine, 'ip', args));
    ip('link', 'add', 'name', bridge, 'type', 'bridge');
    ip('address', 'add', `${subnet}.1/24`, 'dev', bridge);
    ip('link', 'set', bridge, 'up');
    if (diskMb !== undefined) {
      mkdirSync(join(folder, 'data'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMb}m`, 'tmpfs', join(folder, 'data')]);
    }
    if (btrfsMb !== undefined) mountBtrfs(folder, btrfsMb);
    writeFilter(folder);
    const engine = new OwnDockerd(folder, bridge, options);
    await engine.start();
    return engine;
  }

  /** As another machine reaches it, without TLS; only on a machine of its own. */
  get tcpHost(): string {
    return `tcp://${this.#machine?.address}:2375`;
  }

  get host(): string {
    return `unix://${this.#folder}/docker.sock`;
  }

  async start(): Promise<void> {
    const at = (name: string): string => join(this.#folder, name);
    const args = [
      '--host',
      this.host,
      '--data-root',
      at('data'),
      '--exec-root',
      at('exec'),
      '--pidfile',
      at('pid'),
      '--bridge',
      this.#bridge,
      ...(this.#machine === undefined ? [] : ['--host', this.tcpHost, '--tls=false']),
      ...this.#driver,
      ...this.#tls,
      ...this.#runtimes,
      ...(this.#liveRestore ? ['--live-restore'] : []),
    ];
    const up = async (): Promise<void> => {
      // What is left of one that was killed may be in the way of the next for a moment: like an init system, it is tried again.
      let ended = true;
      for (; !(await DockerRuntime.isAvailable({ host: this.host, env: {} })); await clock.sleep(100)) {
        if (!ended) continue;
        ended = false;
        rmSync(at('pid'), { force: true });
        const env = { ...process.env, PATH: `${at('bin')}:${process.env.PATH}` };
        this.#process = spawn(...on(this.#machine, 'dockerd', args), { stdio: 'ignore', env });
        this.#process.once('exit', () => (ended = true));
      }
    };
    // Two that begin at once take each other's chains away in the kernel, and one of them ends.
    const turn = this.#machine === undefined ? await OwnTurn.take() : undefined;
    try {
      await within(up(), `the engine at ${this.host} answers`);
    } finally {
      await turn?.give();
    }
  }

  /** Ends it; with SIGKILL at once, else as it likes to end. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await within(ended, 'the engine ends');
    this.#process = undefined;
  }

  /** Lets it stand still, or go on. */
  freeze(frozen: boolean): void {
    this.#process?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Whether the kernel takes rules for networks of pods. */
  takeRules(taken: boolean): void {
    const refused = join(this.#folder, noRules);
    if (taken) rmSync(refused, { force: true });
    else writeFileSync(refused, '');
  }

  pause(ms: number): Promise<void> {
    return clock.sleep(ms);
  }

  /** Leaves no room for anything more. */
  fillDisk(): void {
    for (const size of [2 ** 20, 4096, 1]) {
      try {
        for (;;) writeFileSync(this.#ballast, Buffer.alloc(size), { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  }

  emptyDisk(): void {
    rmSync(this.#ballast, { force: true });
  }

  get #ballast(): string {
    return join(this.#folder, 'data/ballast');
  }

  async close(): Promise<void> {
    this.freeze(false);
    await this.stop('SIGTERM');
    // What it mounted for itself.
    const mounts = execFileSync('cat', ['/proc/mounts'])
      .toString()
      .split('\n')
      .map((line) => line.split(' ')[1] ?? '');
    for (const mount of mounts.filter((path) => path.startsWith(this.#folder)).reverse()) {
      try {
        execFileSync('umount', ['-l', mount], { stdio: 'ignore' });
      } catch {
        // Gone meanwhile.
      }
    }
    execFileSync(...on(this.#machine, 'ip', ['link', 'del', this.#bridge]));
    this.#removeRules();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The engine leaves those of its bridge in the kernel. */
  #removeRules(): void {
    for (const table of ['filter', 'nat']) {
      const run = (...args: readonly string[]): string =>
        execFileSync(...on(this.#machine, 'iptables', ['-w', '-t', table, ...args])).toString();
      for (const rule of run('-S').split('\n')) {
        const words = rule.split(' ');
        if (words.includes(this.#bridge)) run('-D', ...words.slice(1));
      }
    }
  }
}
