import { packTar } from 'modern-tar';
import type { Clock } from '../../env/clock.ts';
import { labels as keys } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { ListedContainer } from './engine-answers.ts';
import { hasStatus } from './engine-answered.ts';
import type { Engine } from './engine.ts';
import { insist } from './insist.ts';
import { ensureSandboxImage } from './sandbox-image.ts';

export interface VolumeHelperParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly architecture: string;
  /** Of the container. */
  readonly labels: Labels;
}

/** Where the container has the volume. */
export const volumeRoot = '/volume';

/** What archives have in common: the same bytes every time. */
export const fixedHeader = { mtime: new Date(0), uid: 0, gid: 0 };

/** A container that is made for a volume of the engine and never started: through it the engine looks into the volume and writes to it. */
export class VolumeHelper {
  readonly #parts: VolumeHelperParts;
  readonly #signal: AbortSignal;
  readonly #id: string;

  private constructor(parts: VolumeHelperParts, id: string, signal: AbortSignal) {
    this.#parts = parts;
    this.#id = id;
    this.#signal = signal;
  }

  /** It is there for as long as the work takes. */
  static async with<T>(
    parts: VolumeHelperParts,
    volume: string,
    signal: AbortSignal,
    work: (helper: VolumeHelper) => Promise<T>,
  ): Promise<T> {
    const { engine, clock, architecture, labels } = parts;
    const image = await insist(clock, signal, () => ensureSandboxImage(engine, architecture));
    const mount = { Type: 'volume', Source: volume, Target: volumeRoot, VolumeOptions: { NoCopy: true } };
    const body = { Image: image, Labels: labels, HostConfig: { NetworkMode: 'none', Mounts: [mount] } };
    const make = { method: 'POST', path: '/containers/create', body } as const;
    const { Id } = await engine.json<{ readonly Id: string }>('make a helper', make, { signal });
    try {
      return await work(new VolumeHelper(parts, Id, signal));
    } finally {
      await engine.json('remove a helper', { method: 'DELETE', path: `/containers/${Id}`, query: { force: true } }).catch(() => undefined);
    }
  }

  /** Removes those of a volume whose making or removal was not answered: the engine keeps the volume while one is there. */
  static async clear({ engine, labels }: Pick<VolumeHelperParts, 'engine' | 'labels'>, volume: string, signal: AbortSignal): Promise<void> {
    const label = [keys.cluster, keys.node, keys.role].map((key) => `${key}=${labels[key]}`);
    const query = { all: true, filters: JSON.stringify({ label, volume: [volume] }) };
    const request = { method: 'GET', path: '/containers/json', query } as const;
    for (const { Id } of await engine.json<readonly ListedContainer[]>('list helpers', request, { signal })) {
      const remove = { method: 'DELETE', path: `/containers/${Id}`, query: { force: true } } as const;
      await engine.json('remove a helper', remove, { signal }).catch((error: unknown) => {
        if (!hasStatus(error, 404, 409)) throw error;
      });
    }
  }

  /** Unpacks an archive into a folder that is there. */
  async put(archive: Uint8Array, path: string): Promise<void> {
    const { engine, clock } = this.#parts;
    const put = { method: 'PUT', path: `/containers/${this.#id}/archive`, query: { path }, archive } as const;
    const call = { signal: this.#signal, timeoutMs: 60_000 };
    await insist(clock, this.#signal, () => engine.json('write the files of a volume', put, call));
  }

  /** What is at a path, as an archive; undefined if there is nothing. */
  async get(path: string): Promise<Uint8Array | undefined> {
    const request = { method: 'GET', path: `/containers/${this.#id}/archive`, query: { path } } as const;
    try {
      const parts: Buffer[] = [];
      for await (const chunk of await this.#parts.engine.stream('look into a volume', request, this.#signal)) parts.push(chunk as Buffer);
      return Buffer.concat(parts);
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async has(path: string): Promise<boolean> {
    const { engine, clock } = this.#parts;
    const request = { method: 'HEAD', path: `/containers/${this.#id}/archive`, query: { path } } as const;
    try {
      await insist(clock, this.#signal, () => engine.json('look into a volume', request, { signal: this.#signal }));
      return true;
    } catch (error) {
      if (hasStatus(error, 404)) return false;
      throw error;
    }
  }

  /** Makes a folder of the volume, and those above it; those that are there stay as they are. */
  async makeFolder(path: string, mode: number): Promise<void> {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    let there = volumeRoot;
    while (names.length > 0 && (await this.has(`${there}/${names[0]}`))) there += `/${names.shift()}`;
    if (names.length === 0) return;
    const folder = (_name: string, n: number) =>
      ({ name: `${names.slice(0, n + 1).join('/')}/`, type: 'directory', size: 0, mode, ...fixedHeader }) as const;
    await this.put(await packTar(names.map((name, n) => ({ header: folder(name, n) }))), there);
  }
}
