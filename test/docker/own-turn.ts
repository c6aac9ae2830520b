import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const turnFile = join(tmpdir(), 'coxswain-own-turn.lock');

/** That nobody else of the tests on this machine does the same thing meanwhile, in whatever process. The kernel ends it with this one. */
export class OwnTurn {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Waits until it is this process's turn. */
  static async take(): Promise<OwnTurn> {
    // It reads until nobody can write to it any more: this process gives the turn up, or has died.
    const holder = spawn('flock', ['--exclusive', turnFile, 'sh', '-c', 'echo taken; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
    await new Promise((resolve, reject) => {
      holder.stdout.once('data', resolve);
      holder.once('error', reject).once('exit', (code) => reject(new Error(`flock on ${turnFile} ended with ${code}`)));
    });
    return new OwnTurn(holder);
  }

  async give(): Promise<void> {
    const ended = new Promise((resolve) => this.#holder.once('exit', resolve));
    this.#holder.stdin?.end();
    await ended;
  }
}
