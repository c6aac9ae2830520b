import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface PlanesOptions {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly leaseMs: number;
  readonly planted?: boolean;
  /** How a control plane is started; as TypeScript unless given. */
  readonly command?: readonly string[] | undefined;
}

/** Control planes as processes of their own, to be killed and stopped. */
export class Planes {
  readonly #options: PlanesOptions;
  readonly #processes = new Map<string, ChildProcess>();

  constructor(options: PlanesOptions) {
    this.#options = options;
  }

  /** Starts one; resolves when it takes part. */
  async start(identity: string): Promise<void> {
    const { endpoints, prefix, leaseMs, planted, command } = this.#options;
    const program = command ?? ['--import', 'tsx', join(import.meta.dirname, 'plane-process.ts')];
    const child = spawn(
      process.execPath,
      [...program, identity, endpoints.join(','), prefix, String(leaseMs), ...(planted === true ? ['planted'] : [])],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.#processes.set(identity, child);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes('open\n')) resolve();
      });
      child.once('exit', (code, signal) => reject(new Error(`the control plane ${identity} ended: ${code ?? signal}`)));
    });
  }

  /** Ends one as if its machine had gone; resolves when it is no more. */
  async kill(identity: string): Promise<void> {
    const child = this.#processes.get(identity);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  signal(identity: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#processes.get(identity)?.kill(signal);
  }

  async killAll(): Promise<void> {
    await Promise.all([...this.#processes.keys()].map((identity) => this.kill(identity)));
  }
}
