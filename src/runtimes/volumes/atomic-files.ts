import { chmod, chown, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../../errors.ts';
import type { VolumeFile } from '../runtime.ts';

const current = '..data';

/** @throws RuntimeError `RUNTIME_VOLUME_FAILED` unless the path stays inside its volume. */
function checkPath(path: string): void {
  const parts = path.split('/');
  const bad =
    path === '' || path.startsWith('/') || path.length > 4096 || parts.some((part) => part === '' || part === '.' || part === '..');
  if (bad || parts[0]!.startsWith('..')) {
    throw new RuntimeError(
      'RUNTIME_VOLUME_FAILED',
      `volume file "${path}": expected a relative path without "." and ".." that does not begin with ".."`,
    );
  }
}

async function isUnchanged(folder: string, files: readonly VolumeFile[]): Promise<boolean> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (names === undefined || names.filter((entry) => entry.isFile()).length !== files.length) return false;
  for (const { path, content, mode } of files) {
    const file = join(folder, path);
    const stats = await lstat(file).catch(() => undefined);
    if (stats === undefined || (stats.mode & 0o7777) !== mode || stats.size !== content.length) return false;
    if (!(await readFile(file)).equals(content)) return false;
  }
  return true;
}

/**
 * Makes a folder show exactly these files, all of them changed at one instant: they are written to a fresh folder, and a symbolic
 * link that leads to it is swapped by a rename. Readers see the old files or the new ones, never some of each.
 *
 * @param ownerGroup The group that files and folders are given to, where this process may do that.
 * @returns False if nothing had to be changed.
 */
export async function writeAtomically(volume: string, files: readonly VolumeFile[], ownerGroup: number | undefined): Promise<boolean> {
  for (const file of files) checkPath(file.path);
  await mkdir(volume, { recursive: true });
  const link = join(volume, current);
  const before = await readlink(link).catch(() => undefined);
  if (before !== undefined && (await isUnchanged(join(volume, before), files))) return false;
  const fresh = `..${Number(before?.slice(2) ?? '0') + 1}`;
  await rm(join(volume, fresh), { recursive: true, force: true });
  await writeFiles(join(volume, fresh), files, ownerGroup);
  await rm(`${link}_tmp`, { force: true });
  await symlink(fresh, `${link}_tmp`);
  await rename(`${link}_tmp`, link);
  await linkNames(volume, new Set(files.map((file) => file.path.split('/')[0]!)));
  if (before !== undefined) await rm(join(volume, before), { recursive: true, force: true });
  return true;
}

async function writeFiles(folder: string, files: readonly VolumeFile[], ownerGroup: number | undefined): Promise<void> {
  await mkdir(folder);
  await chmod(folder, 0o755);
  for (const { path, content, mode } of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    if (ownerGroup !== undefined && process.getuid?.() === 0) await chown(file, 0, ownerGroup);
    await chmod(file, mode);
  }
}

/** Every name the files begin with is a link through the current folder; names no file begins with any more go. */
async function linkNames(volume: string, names: ReadonlySet<string>): Promise<void> {
  const present = new Set(await readdir(volume));
  for (const name of names) if (!present.has(name)) await symlink(join(current, name), join(volume, name));
  for (const name of present) if (!name.startsWith('..') && !names.has(name)) await rm(join(volume, name), { force: true });
}
