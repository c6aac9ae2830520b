import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureRandom } from '../env/random.ts';
import { StoreError } from '../errors.ts';

const ownerName = 'owner.sock';
const claimName = /^claim-[0-9a-f]+\.sock$/;
/** The longest directory whose sockets have a path that every system allows. */
const maxDirectory = 64;

/**
 * One owner at a time. The owner listens on a socket beside the store; who wants to be the next asks there. The kernel closes
 * a socket with its process, so that neither kill -9 nor a reused process id leaves a lock behind, and a process that merely
 * stands still keeps it.
 *
 * Who claims the store first listens on a socket of its own and only then looks for others. Of two who claim at once, at
 * least the later one therefore sees the other: the one whose name comes first goes on, once the other has given up.
 */
export class LmdbOwner {
  readonly #directory: string;
  readonly #server: Server;
  readonly #peers: Set<Socket>;

  private constructor(directory: string, server: Server, peers: Set<Socket>) {
    this.#directory = directory;
    this.#server = server;
    this.#peers = peers;
  }

  /** Makes the caller the owner of the store in `directory`, or throws `STORE_LOCKED`. */
  static async claim(directory: string, random: SecureRandom): Promise<LmdbOwner> {
    const peers = new Set<Socket>();
    const server = createServer((peer) => {
      peers.add(peer);
      peer.on('error', () => undefined);
      peer.on('close', () => peers.delete(peer));
    });
    server.unref();
    if (process.platform === 'win32') {
      // A pipe has one server, and is gone with it.
      const owner = new LmdbOwner('', server, peers);
      await listen(server, `\\\\.\\pipe\\coxswain-${digest(directory)}`).catch((cause: unknown) => {
        throw lockedError(directory, cause);
      });
      return owner;
    }
    const sockets = await socketDirectory(directory);
    const owner = new LmdbOwner(sockets, server, peers);
    const mine = `claim-${Buffer.from(random.bytes(8)).toString('hex')}.sock`;
    await listen(server, join(sockets, mine));
    try {
      await owner.#outlast(mine, directory);
      await rename(join(sockets, mine), join(sockets, ownerName));
      // Those who wait for the outcome look again.
      for (const peer of peers) peer.destroy();
      return owner;
    } catch (error) {
      await rm(join(sockets, mine), { force: true });
      await owner.#stop();
      throw error;
    }
  }

  /** Gives the store up. */
  async release(): Promise<void> {
    if (this.#directory !== '') await rm(join(this.#directory, ownerName), { force: true });
    await this.#stop();
  }

  /** Returns when nobody else owns or claims the store; throws if somebody does who comes first. */
  async #outlast(mine: string, directory: string): Promise<void> {
    for (let alone = false; !alone;) {
      alone = true;
      for (const name of await readdir(this.#directory)) {
        if (name === mine || !claimName.test(name)) continue;
        const peer = await reach(join(this.#directory, name));
        if (peer === undefined) {
          await rm(join(this.#directory, name), { force: true });
          continue;
        }
        if (name < mine) {
          peer.destroy();
          throw lockedError(directory);
        }
        await ended(peer);
        alone = false;
      }
    }
    // Looked at after the claims: a claim that is no longer there may have become the owner.
    const owner = await reach(join(this.#directory, ownerName));
    owner?.destroy();
    if (owner !== undefined) throw lockedError(directory);
  }

  async #stop(): Promise<void> {
    for (const peer of this.#peers) peer.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

const lockedError = (directory: string, cause?: unknown): StoreError =>
  new StoreError('STORE_LOCKED', `${directory}: the store is in use, in this process or another: close it there first`, {
    cause,
    retryable: true,
  });

/** Beside the store, or where the path is short enough for a socket. */
async function socketDirectory(directory: string): Promise<string> {
  const sockets = directory.length <= maxDirectory ? directory : join(tmpdir(), `coxswain-${digest(directory)}`);
  await mkdir(sockets, { recursive: true });
  return sockets;
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

/** A connection to who listens there; undefined if nobody does. Any other trouble is taken for somebody. */
function reach(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? undefined : socket),
    );
  });
}

/** Resolves when the other side has gone. */
function ended(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
    socket.resume();
    if (socket.destroyed) resolve();
  });
}
