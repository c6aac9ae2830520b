import { RuntimeError } from '../../errors.ts';
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
import { VolumeHelper, volumeRoot } from './volume-helper.ts';
import type { VolumeHelperParts } from './volume-helper.ts';

/** The volumes of one pod on an engine. */
export interface PodVolumes {
  /** Makes a volume, or updates its files. */
  prepare(name: string, content: VolumeContent, signal: AbortSignal): Promise<void>;
  /**
   * Makes the sub-path that is asked for, if it is not there and nobody else fills the volume.
   *
   * @param copies A folder of the container's own.
   */
  locate(mount: ResolvedMount, copies: string, signal: AbortSignal): Promise<MountSource>;
  /** Removes what belongs to the pod alone; its containers are gone. */
  remove(signal: AbortSignal): Promise<void>;
}

export interface LocalVolumesParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly architecture: string;
  /** Of the engine's volumes, and of a helper that looks into them. */
  readonly labels: { readonly persistent: Labels; readonly helper: Labels };
  readonly folder: string;
  /** A folder in memory for volumes that ask for it; undefined if there is none. */
  readonly memoryFolder: string | undefined;
}

/** A repeat, also for a volume that somebody else made, gives the one that is there. */
export async function makeEngineVolume(engine: Engine, clock: Clock, body: object, signal: AbortSignal): Promise<void> {
  await insist(clock, signal, () => engine.json('create a volume', { method: 'POST', path: '/volumes/create', body }, { signal }));
}

/** What a volume's missing sub-paths are made with; undefined for a volume whose files are given. */
type FolderMode = number | undefined;

/**
 * A mount of a volume of the engine. A sub-path that is not there is made, as a kubelet does: the engine would refuse it.
 *
 * @throws RuntimeError `RUNTIME_UNSUPPORTED` for a sub-path, if the engine is too old; `RUNTIME_CONFIG` for one that leads out of the
 * volume, or is none of the files given.
 */
export async function mountOfVolume(
  helper: VolumeHelperParts,
  source: string,
  { subPath, volumeName }: ResolvedMount,
  mode: FolderMode,
  signal: AbortSignal,
): Promise<MountSource> {
  if (subPath === '') return { type: 'volume', source, subPath };
  const it = `subPath "${subPath}" of volume "${volumeName}"`;
  if (!helper.engine.speaks(45)) throw unsupported('docker', it, "where it is an engine's volume, the engine needs API 1.45 (Docker 26)");
  if (subPath.split('/').includes('..')) throw new RuntimeError('RUNTIME_CONFIG', `${it} must stay inside the volume`);
  await VolumeHelper.with(helper, source, signal, async (look) => {
    if (mode !== undefined) await look.makeFolder(subPath, mode);
    else if (!(await look.has(`${volumeRoot}/${subPath}`))) throw new RuntimeError('RUNTIME_CONFIG', `${it} does not exist`);
  });
  return { type: 'volume', source, subPath };
}

/** As the root of a volume that an engine makes. */
export const persistentFolderMode = 0o755;

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
    await makeEngineVolume(engine, clock, { Name: content.name, Labels: labels.persistent }, signal);
    this.#named.set(name, content.name);
  }

  /** @param copies A folder of the container's own. */
  async locate(mount: ResolvedMount, copies: string, signal: AbortSignal): Promise<MountSource> {
    const named = this.#named.get(mount.volumeName);
    if (named === undefined) return { type: 'bind', source: await this.#folders.locate(mount, copies), subPath: '' };
    const { engine, clock, architecture, labels } = this.#parts;
    return mountOfVolume({ engine, clock, architecture, labels: labels.helper }, named, mount, persistentFolderMode, signal);
  }

  /** Removes what belongs to the pod alone. */
  async remove(): Promise<void> {
    await this.#folders.remove();
    this.#named.clear();
  }
}
