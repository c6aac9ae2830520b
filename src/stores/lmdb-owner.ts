import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, type FileHandle } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureRandom } from '../env/random.ts';
import { StoreError } from '../errors.ts';

const ownerName = 'owner.sock';
const claimName = /^claim-[0-9a-f]+\.sock$/;
/** The longest directory, in bytes, whose sockets have a path that every system allows. */
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
  readonly #place: SocketPlace | undefined;
  readonly #server: Server;
  readonly #peers: Set<Socket>;

  private constructor(place: SocketPlace | undefined, server: Server, peers: Set<Socket>) {
    this.#place = place;
    this.#server = server;
    this.#peers = peers;
  }

  /** Makes the caller the owner of the store in `directory`, or throws `STORE_LOCKED`. */
  static async claim(directory: string, random: SecureRandom): Promise<LmdbOwner> {
    const peers = new Set<Socket>();
    let decided = false;
    const server = createServer((peer) => {
      peer.on('error', () => undefined);
      // One that was connected before the outcome, and is only accepted now, would wait for ever.
      if (decided) return void peer.destroy();
      peers.add(peer);
      peer.on('close', () => peers.delete(peer));
    });
    server.unref();
    if (process.platform === 'win32') {
      // A pipe has one server, and is gone with it.
      const owner = new LmdbOwner(undefined, server, peers);
      await listen(server, `\\\\.\\pipe\\coxswain-${digest(await realpath(directory))}`).catch((cause: unknown) => {
        throw lockedError(directory, cause);
      });
      return owner;
    }
    const place = await SocketPlace.of(directory);
    const owner = new LmdbOwner(place, server, peers);
    const mine = `claim-${Buffer.from(random.bytes(8)).toString('hex')}.sock`;
    try {
      await listen(server, place.at(mine));
      await owner.#outlast(place, mine, directory);
      await rename(place.at(mine), place.at(ownerName));
      decided = true;
      // Those who wait for the outcome look again.
      for (const peer of peers) peer.destroy();
      return owner;
    } catch (error) {
      await rm(place.at(mine), { force: true });
      await owner.#stop();
      throw error;
    }
  }

  /** Gives the store up. */
  async release(): Promise<void> {
    if (this.#place !== undefined) await rm(this.#place.at(ownerName), { force: true });
    await this.#stop();
  }

  /** Returns when nobody else owns or claims the store; throws if somebody does who comes first. */
  async #outlast(place: SocketPlace, mine: string, directory: string): Promise<void> {
    for (let alone = false; !alone;) {
      alone = true;
      for (const name of await readdir(place.at(''))) {
        if (name === mine || !claimName.test(name)) continue;
        const peer = await reach(place.at(name));
        if (peer === undefined) {
          await rm(place.at(name), { force: true });
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
    const owner = await reach(place.at(ownerName));
    owner?.destroy();
    if (owner !== undefined) throw lockedError(directory);
  }

  async #stop(): Promise<void> {
    for (const peer of this.#peers) peer.destroy();
    if (this.#server.listening) await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#place?.close();
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

const lockedError = (directory: string, cause?: unknown): StoreError =>
  new StoreError('STORE_LOCKED', `${directory}: the store is in use, in this process or another: close it there first`, {
    cause,
    retryable: true,
  });

/**
 * Where the sockets of a store are: beside it, whatever name leads there. The path of a socket may not be long; Linux reaches a
 * directory that is open by a short one. Elsewhere a long path has its sockets among the temporary files.
 */
class SocketPlace {
  readonly #path: string;
  readonly #open: FileHandle | undefined;

  private constructor(path: string, open: FileHandle | undefined) {
    this.#path = path;
    this.#open = open;
  }

  static async of(directory: string): Promise<SocketPlace> {
    const real = await realpath(directory);
    if (Buffer.byteLength(real) <= maxDirectory) return new SocketPlace(real, undefined);
    const handle = await open(real, 'r');
    const short = `/proc/self/fd/${handle.fd}`;
    if (process.platform === 'linux' && existsSync(short)) return new SocketPlace(short, handle);
    await handle.close();
    const temporary = join(tmpdir(), `coxswain-${digest(real)}`);
    await mkdir(temporary, { recursive: true });
    return new SocketPlace(temporary, undefined);
  }

  /** The path of a socket, or, of '', of what they are in. */
  at(name: string): string {
    return `${this.#path}/${name}`;
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }
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
