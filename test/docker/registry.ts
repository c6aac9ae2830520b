import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from 'coxswain';
import { within } from '../runtimes/suite-patience.ts';

const clock = new SystemClock();

/** `user:secret`, as htpasswd has it: bcrypt of "secret". */
export const registryUser = { username: 'user', password: 'secret' } as const;

/** A port of the loopback that nobody has now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket.destroy() !== undefined));
    socket.once('error', () => resolve(false));
  });
}

/** Debian's docker-registry on the loopback. */
export class Registry {
  readonly port: number;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(port: number, folder: string, process: ChildProcess) {
    this.port = port;
    this.#folder = folder;
    this.#process = process;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** @param htpasswd A line of a password file: without it everybody may do everything. */
  static async start(htpasswd?: string): Promise<Registry> {
    const folder = mkdtempSync(join(tmpdir(), 'coxswain-registry-'));
    const port = await freePort();
    if (htpasswd !== undefined) writeFileSync(join(folder, 'htpasswd'), `${htpasswd}\n`);
    const auth = htpasswd === undefined ? '' : `auth:\n  htpasswd:\n    realm: test\n    path: ${folder}/htpasswd\n`;
    const config = `version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: ${folder}/data\nhttp:\n  addr: 127.0.0.1:${port}\n${auth}`;
    writeFileSync(join(folder, 'config.yml'), config);
    const process = spawn('docker-registry', ['serve', join(folder, 'config.yml')], { stdio: 'ignore' });
    const registry = new Registry(port, folder, process);
    const up = async (): Promise<void> => {
      while (!(await answers(port))) await clock.sleep(50);
    };
    await within(up(), 'the registry answers');
    return registry;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
