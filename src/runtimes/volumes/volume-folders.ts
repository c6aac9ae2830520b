import { access, chmod, constants, cp, mkdir, mkdtemp, realpath, rm, symlink, readlink, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { RuntimeError } from '../../errors.ts';
import type { ResolvedMount, VolumeContent } from '../runtime.ts';
import { writeAtomically } from './atomic-files.ts';
import { prepareHostPath } from './host-path.ts';

const sharedMemory = '/dev/shm';

/** The volumes of one pod as folders. What a pod wrote to an emptyDir is gone with it; host paths and persistent volumes stay. */
export class VolumeFolders {
  readonly #folder: string;
  readonly #persistent: string;
  readonly #paths = new Map<string, { readonly path: string; readonly type: VolumeContent['type'] }>();

  /**
   * @param folder Where the pod's volumes go.
   * @param persistent Where persistent volumes without a path of their own go.
   */
  constructor(folder: string, persistent: string) {
    this.#folder = folder;
    this.#persistent = persistent;
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
    if (volume.type !== 'files') await mkdir(path, { recursive: true }).catch(() => undefined);
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
    for (const { path, type } of this.#paths.values()) {
      if (type === 'emptyDir') await rm(path, { recursive: true, force: true });
    }
    await rm(this.#folder, { recursive: true, force: true });
    this.#paths.clear();
  }

  async #make(name: string, content: VolumeContent): Promise<string> {
    const path = join(this.#folder, name);
    await mkdir(this.#folder, { recursive: true });
    switch (content.type) {
      case 'emptyDir':
        return content.medium === 'Memory' ? this.#inMemory(path) : emptyFolder(path);
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

  /** A folder in shared memory where the machine has that; a repeat finds it through the link that stands for it. */
  async #inMemory(link: string): Promise<string> {
    const before = await readlink(link).catch(() => undefined);
    if (before !== undefined) return before;
    const usable = await access(sharedMemory, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!usable) return emptyFolder(link);
    const path = await mkdtemp(join(sharedMemory, 'coxswain-'));
    await chmod(path, 0o777);
    await symlink(path, link);
    return path;
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
