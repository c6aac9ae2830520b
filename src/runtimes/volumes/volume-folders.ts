import { chmod, cp, mkdir, realpath, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { RuntimeError } from '../../errors.ts';
import type { ResolvedMount, VolumeContent } from '../runtime.ts';
import { writeAtomically } from './atomic-files.ts';
import { prepareHostPath } from './host-path.ts';

/** Where a volume is. */
export interface VolumePlace {
  readonly path: string;
  readonly type: VolumeContent['type'];
}

/** The volumes of one pod as folders. What a pod wrote to an emptyDir is gone with it; host paths and persistent volumes stay. */
export class VolumeFolders {
  readonly #folder: string;
  readonly #persistent: string;
  readonly #memory: string | undefined;
  readonly #paths: Map<string, VolumePlace>;

  /**
   * @param folder Where the pod's volumes go.
   * @param persistent Where persistent volumes without a path of their own go.
   * @param memory A folder in memory for volumes that ask for it; undefined if there is none.
   * @param places Volumes that were prepared before, by name.
   */
  constructor(folder: string, persistent: string, memory: string | undefined, places: Readonly<Record<string, VolumePlace>> = {}) {
    this.#folder = folder;
    this.#persistent = persistent;
    this.#memory = memory;
    this.#paths = new Map(Object.entries(places));
  }

  /** The volumes that were prepared. */
  get places(): Readonly<Record<string, VolumePlace>> {
    return Object.fromEntries(this.#paths);
  }

  /** Prepares a volume, or updates its files. */
  async prepare(name: string, content: VolumeContent): Promise<void> {
    this.#paths.set(name, { path: await this.#make(name, content), type: content.type });
  }

  /**
   * Where the contents of a mount really are. A sub-path of files the kubelet computed is a copy, since a sub-path gets no updates.
   *
   * @param copies A folder of the container's own.
   * @throws RuntimeError `RUNTIME_CONFIG` if there is no such volume, or the sub-path leads out of it.
   */
  async locate(mount: ResolvedMount, copies: string): Promise<string> {
    const volume = this.#paths.get(mount.volumeName);
    if (volume === undefined) throw new RuntimeError('RUNTIME_CONFIG', `volume "${mount.volumeName}" was not prepared`);
    if (mount.subPath === '') return volume.path;
    const inside = normalize(mount.subPath);
    if (isAbsolute(inside) || inside.split(sep).includes('..')) {
      throw new RuntimeError('RUNTIME_CONFIG', `subPath "${mount.subPath}" of volume "${mount.volumeName}" must stay inside the volume`);
    }
    const path = join(volume.path, inside);
    if (volume.type !== 'files') await makeInside(volume.path, path);
    const [real, root] = await Promise.all([realpath(path).catch(() => undefined), realpath(volume.path)]);
    if (real === undefined)
      throw new RuntimeError('RUNTIME_CONFIG', `subPath "${mount.subPath}" does not exist in volume "${mount.volumeName}"`);
    if (real !== root && !real.startsWith(root + sep)) {
      throw new RuntimeError(
        'RUNTIME_CONFIG',
        `subPath "${mount.subPath}" leads out of volume "${mount.volumeName}" through a symbolic link`,
      );
    }
    if (volume.type !== 'files') return real;
    const copy = join(copies, mount.volumeName, inside);
    await mkdir(dirname(copy), { recursive: true });
    await cp(real, copy, { recursive: true, force: true });
    return copy;
  }

  /** Removes what belongs to the pod alone. */
  async remove(): Promise<void> {
    if (this.#memory !== undefined) await rm(this.#memory, { recursive: true, force: true });
    await rm(this.#folder, { recursive: true, force: true });
    this.#paths.clear();
  }

  async #make(name: string, content: VolumeContent): Promise<string> {
    const path = join(this.#folder, name);
    await mkdir(this.#folder, { recursive: true });
    switch (content.type) {
      case 'emptyDir':
        return emptyFolder(content.medium === 'Memory' && this.#memory !== undefined ? join(this.#memory, name) : path);
      case 'files':
        await writeAtomically(path, content.files, content.fsGroup);
        return path;
      case 'hostPath':
        await prepareHostPath(content.path, content.pathType);
        return content.path;
      case 'persistent':
        return persistentFolder(content.path ?? join(this.#persistent, content.name));
    }
  }
}

async function emptyFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o777);
  return path;
}

async function persistentFolder(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  if (!(await stat(path)).isDirectory()) throw new RuntimeError('RUNTIME_VOLUME_FAILED', `persistent volume: ${path} is not a directory`);
  return path;
}

/** Folders that are missing are made with the volume's own mode, as a kubelet does: whoever may write to an emptyDir may write there. */
async function makeInside(root: string, path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true }).catch(() => undefined);
  if (first === undefined) return;
  const { mode } = await stat(root);
  for (let made = path; made.length >= first.length; made = dirname(made)) await chmod(made, mode & 0o7777);
}
