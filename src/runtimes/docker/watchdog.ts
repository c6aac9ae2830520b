import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { EngineAddress } from './engine-address.ts';
import { sshArguments } from './ssh-agent.ts';
import { watchdogScript } from './watchdog-script.ts';

/** What the watchdog has to do if its owner dies. */
export interface WatchdogDuty {
  readonly address: EngineAddress;
  /** What the engine's paths begin with: `/v1.41`. */
  readonly prefix: string;
  /** Lists of `key=value`, that of the node first: what carries all of one of them is to be removed. */
  readonly labels: readonly (readonly string[])[];
  /** A filter that lets through the network of all the cluster's nodes, which goes too if nobody else uses it. */
  readonly overlay: string;
  readonly folders: readonly string[];
  /** The network's bridge on this machine, which goes too if the engine has lost it and nothing is attached; undefined if it may not. */
  readonly bridge: string | undefined;
}

/**
 * A process beside the owner that removes a node's containers, networks and volumes when the owner is gone without having done so,
 * be it by `kill -9`. It notices because its standard input ends: there is no connection that could drop while the owner lives.
 * If the watchdog itself is killed, another one takes its place.
 */
export class Watchdog {
  readonly #order: string;
  #child: ChildProcess | undefined;
  #closed = false;
  #more = '';

  private constructor(duty: WatchdogDuty) {
    this.#order = JSON.stringify({ ...duty, address: portable(duty.address) });
  }

  /** Resolves once it watches: nothing may be made before. */
  static async start(duty: WatchdogDuty): Promise<Watchdog> {
    const watchdog = new Watchdog(duty);
    await watchdog.#spawn();
    return watchdog;
  }

  /** Commands to run as well, at the end. */
  also(commands: readonly (readonly string[])[]): void {
    this.#more = `${JSON.stringify(commands)}\n`;
    this.#tell(this.#more);
  }

  #tell(line: string): void {
    const stdin = this.#child?.stdin;
    if (stdin?.writable === true && line !== '') stdin.write(line);
  }

  /** Its process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Lets it go without doing anything. Resolves when it has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    // Now it is waited for: a host that has nothing else left to do must not end before it has.
    child.ref();
    child.stdin?.end('bye\n');
    await ended;
  }

  async #spawn(): Promise<void> {
    const { PATH, HOME, SSH_AUTH_SOCK } = process.env;
    const child = spawn(process.execPath, ['-e', watchdogScript], {
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH, HOME, SSH_AUTH_SOCK, COXSWAIN_WATCHDOG: this.#order },
    });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`the watchdog ended with ${code}`)));
    });
    child.stdout.destroy();
    this.#tell(this.#more);
    // Neither the process nor its pipe keeps the owner alive.
    child.unref();
    (child.stdin as { unref?: () => void }).unref?.();
    child.once('exit', () => {
      this.#child = undefined;
      if (!this.#closed) this.#spawn().catch(() => undefined);
    });
  }
}

/** The address as JSON carries it. */
function portable(address: EngineAddress): object {
  if (address.type === 'ssh') return { ...address, args: sshArguments(address.destination, address.port, address.socket) };
  if (address.type === 'socket' || address.tls === undefined) return address;
  const text = (bytes: Buffer | undefined): string | undefined => bytes?.toString('base64');
  const { ca, cert, key, verify } = address.tls;
  return { ...address, tls: { ca: text(ca), cert: text(cert), key: text(key), verify } };
}
