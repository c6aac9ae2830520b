import { unsupported } from '../runtime-failure.ts';
import type { ResolvedMount, VolumeContent } from '../runtime.ts';
import { VolumeFolders } from '../volumes/volume-folders.ts';
import type { MountSource } from './container-spec.ts';
import type { Engine } from './engine.ts';
import { insist } from './insist.ts';
import { hasStatus } from './engine-answered.ts';
import { labels as keys } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { Clock } from '../../env/clock.ts';

/** The volumes of one pod on an engine. */
export interface PodVolumes {
  /** Makes a volume, or updates its files. */
  prepare(name: string, content: VolumeContent, signal: AbortSignal): Promise<void>;
  /** @param copies A folder of the container's own. */
  locate(mount: ResolvedMount, copies: string): Promise<MountSource>;
  /** Removes what belongs to the pod alone; its containers are gone. */
  remove(signal: AbortSignal): Promise<void>;
}

export interface LocalVolumesParts {
  readonly engine: Engine;
  readonly clock: Clock;
  /** What the engine's volumes are marked with. */
  readonly labels: Labels;
  readonly folder: string;
  /** A folder in memory for volumes that ask for it; undefined if there is none. */
  readonly memoryFolder: string | undefined;
}

/** A repeat, also for a volume that somebody else made, gives the one that is there. */
export async function makeEngineVolume(engine: Engine, clock: Clock, body: object, signal: AbortSignal): Promise<void> {
  await insist(clock, signal, () => engine.json('create a volume', { method: 'POST', path: '/volumes/create', body }, { signal }));
}

/** @throws RuntimeError `RUNTIME_UNSUPPORTED` for a sub-path, if the engine is too old. */
export function mountOfVolume(engine: Engine, source: string, { subPath, volumeName }: ResolvedMount): MountSource {
  if (subPath !== '' && !engine.speaks(45))
    throw unsupported(
      'docker',
      `subPath in volume "${volumeName}"`,
      "where it is an engine's volume, the engine needs API 1.45 (Docker 26)",
    );
  return { type: 'volume', source, subPath };
}

interface VolumeAnswer {
  readonly Labels?: Labels | null;
}

/** Removes an engine's volume that was made for a persistent volume of the cluster. One that somebody else made stays. */
export async function removeEngineVolume(engine: Engine, clusterId: string, name: string, signal: AbortSignal): Promise<void> {
  const path = `/volumes/${encodeURIComponent(name)}`;
  try {
    const found = await engine.json<VolumeAnswer>('inspect a volume', { method: 'GET', path }, { signal });
    if (found.Labels?.[keys.cluster] !== clusterId || found.Labels[keys.role] !== 'volume') return;
    await engine.json('remove a volume', { method: 'DELETE', path }, { signal });
  } catch (error) {
    if (!hasStatus(error, 404)) throw error;
  }
}

/**
 * The volumes of one pod on an engine of this machine: folders that are mounted as they are. A persistent volume without a path is a
 * volume of the engine, by its name, and stays when the pod goes.
 */
export class LocalVolumes implements PodVolumes {
  readonly #parts: LocalVolumesParts;
  readonly #folders: VolumeFolders;
  readonly #named = new Map<string, string>();

  constructor(parts: LocalVolumesParts) {
    this.#parts = parts;
    this.#folders = new VolumeFolders(parts.folder, parts.folder, parts.memoryFolder);
  }

  async prepare(name: string, content: VolumeContent, signal: AbortSignal): Promise<void> {
    if (content.type !== 'persistent' || content.path !== undefined) return this.#folders.prepare(name, content);
    const { engine, clock, labels } = this.#parts;
    await makeEngineVolume(engine, clock, { Name: content.name, Labels: labels }, signal);
    this.#named.set(name, content.name);
  }

  /** @param copies A folder of the container's own. */
  async locate(mount: ResolvedMount, copies: string): Promise<MountSource> {
    const named = this.#named.get(mount.volumeName);
    if (named === undefined) return { type: 'bind', source: await this.#folders.locate(mount, copies), subPath: '' };
    return mountOfVolume(this.#parts.engine, named, mount);
  }

  /** Removes what belongs to the pod alone. */
  async remove(): Promise<void> {
    await this.#folders.remove();
    this.#named.clear();
  }
}
