import { rm } from 'node:fs/promises';
import { createServer, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureRandom } from '../env/random.ts';
import { StoreError } from '../errors.ts';

/** The longest path a Unix socket may have on every system. */
const maxSocketPath = 100;

/** Where the name of the owner's socket is kept; `replace` changes it only if it still is what was read. */
export interface OwnerRecord {
  read(): string | undefined;
  replace(read: string | undefined, name: string | undefined): Promise<boolean>;
}

/**
 * One owner at a time. The owner listens on a socket of its own beside the store; whoever wants to own it next asks there.
 * The kernel closes the socket with the process, so that neither kill -9 nor a reused process id can leave a lock behind,
 * and a process that merely stands still keeps it.
 */
export class LmdbOwner {
  readonly #directory: string;
  readonly #name: string;
  readonly #server: Server;

  private constructor(directory: string, name: string, server: Server) {
    this.#directory = directory;
    this.#name = name;
    this.#server = server;
  }

  /** Begins to listen; the store is not owned before `claim`. */
  static async listen(directory: string, random: SecureRandom): Promise<LmdbOwner> {
    const name = `owner-${Buffer.from(random.bytes(9)).toString('hex')}.sock`;
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath(directory, name), resolve);
    });
    server.unref();
    return new LmdbOwner(directory, name, server);
  }

  /** Makes this the owner, or throws `STORE_LOCKED`. */
  async claim(record: OwnerRecord): Promise<void> {
    for (;;) {
      const found = record.read();
      if (found !== undefined && (await isAlive(socketPath(this.#directory, found)))) {
        throw new StoreError('STORE_LOCKED', `${this.#directory}: the store is in use by another owner (${found}): close it there first`, {
          retryable: true,
        });
      }
      if (!(await record.replace(found, this.#name))) continue;
      if (found !== undefined) await rm(socketPath(this.#directory, found), { force: true });
      return;
    }
  }

  /** Gives the store up if it is this owner's. */
  async release(record: OwnerRecord): Promise<void> {
    await record.replace(this.#name, undefined);
  }

  /** Stops listening and removes the socket. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function socketPath(directory: string, name: string): string {
  if (process.platform === 'win32') return join('\\\\.\\pipe\\coxswain', directory, name);
  const path = join(directory, name);
  return path.length <= maxSocketPath ? path : join(tmpdir(), `coxswain-${name}`);
}

/** Only a refused connection, or no socket at all, shows that nobody is there. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}
