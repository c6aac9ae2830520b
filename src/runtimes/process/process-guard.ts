import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { guardScript } from './guard-script.ts';

/** What the guard has to do if its host dies. */
export interface GuardDuty {
  /** `NAME=value` in the environment of everything this node starts. */
  readonly mark: string;
  /** A control group to kill and remove; '' if there is none. */
  readonly controlGroup: string;
  /** A shell command to run last; '' for none. */
  readonly lastly: string;
  readonly folders: readonly string[];
}

/**
 * A process beside the host that ends every process of a node when the host is gone without having done so itself, be it by
 * `kill -9`. It notices because its standard input ends. If the guard itself is killed, another one takes its place.
 */
export class ProcessGuard {
  readonly #duty: GuardDuty;
  readonly #groups = new Set<number>();
  #child: ChildProcess | undefined;
  #closed = false;

  private constructor(duty: GuardDuty) {
    this.#duty = duty;
  }

  /** Resolves once the guard runs: nothing may be started before. Rejects if there is no shell to run it. */
  static async start(duty: GuardDuty): Promise<ProcessGuard> {
    const guard = new ProcessGuard(duty);
    await guard.#spawn();
    return guard;
  }

  /** The guard's process; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** A process group to kill besides what carries the mark. */
  add(groupId: number): void {
    this.#groups.add(groupId);
    this.#write(`+ ${groupId}\n`);
  }

  /** The group has ended: its number may soon be somebody else's. */
  remove(groupId: number): void {
    if (this.#groups.delete(groupId)) this.#write(`- ${groupId}\n`);
  }

  /** Lets the guard go without doing anything. Resolves when it has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    // Now it is waited for: a host that has nothing else left to do must not end before the guard has.
    child.ref();
    this.#write('bye\n');
    child.stdin?.end();
    await ended;
  }

  async #spawn(): Promise<void> {
    const { mark, controlGroup, lastly, folders } = this.#duty;
    const args = ['-c', guardScript, 'coxswain-guard', mark, controlGroup, lastly, ...folders];
    const child = spawn('/bin/sh', args, {
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: process.env.PATH },
    });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    // Neither the process nor its pipe keeps the host alive.
    child.unref();
    unref(child.stdin);
    child.once('exit', () => void this.#respawn());
    for (const group of this.#groups) this.#write(`+ ${group}\n`);
  }

  async #respawn(): Promise<void> {
    this.#child = undefined;
    if (!this.#closed) await this.#spawn().catch(() => undefined);
  }

  #write(line: string): void {
    const stdin = this.#child?.stdin;
    if (stdin?.writable === true) stdin.write(line);
  }
}

function unref(stream: unknown): void {
  (stream as { unref?: () => void }).unref?.();
}
