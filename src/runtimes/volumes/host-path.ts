import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { RuntimeError } from '../../errors.ts';

const kinds: Readonly<Record<string, { readonly is: (stats: Stats) => boolean; readonly name: string }>> = {
  DirectoryOrCreate: { is: (stats) => stats.isDirectory(), name: 'a directory' },
  Directory: { is: (stats) => stats.isDirectory(), name: 'a directory' },
  FileOrCreate: { is: (stats) => stats.isFile(), name: 'a file' },
  File: { is: (stats) => stats.isFile(), name: 'a file' },
  Socket: { is: (stats) => stats.isSocket(), name: 'a socket file' },
  CharDevice: { is: (stats) => stats.isCharacterDevice(), name: 'a character device' },
  BlockDevice: { is: (stats) => stats.isBlockDevice(), name: 'a block device' },
};

/**
 * Checks what a hostPath volume asks for, and makes it where its type says so. Without a type a missing folder is made, as container
 * engines do.
 *
 * Source: https://kubernetes.io/docs/concepts/storage/volumes/#hostpath-volume-types
 * @throws RuntimeError `RUNTIME_VOLUME_FAILED`.
 */
export async function prepareHostPath(path: string, pathType: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined && (pathType === 'DirectoryOrCreate' || pathType === '')) await mkdir(path, { recursive: true, mode: 0o755 });
  else if (found === undefined && pathType === 'FileOrCreate') await writeFile(path, '', { mode: 0o644, flag: 'a' });
  else if (pathType !== '') {
    const kind = kinds[pathType];
    if (kind === undefined) throw new RuntimeError('RUNTIME_VOLUME_FAILED', `hostPath type "${pathType}" is not known`);
    if (found === undefined || !kind.is(found)) {
      throw new RuntimeError('RUNTIME_VOLUME_FAILED', `hostPath type check failed: ${path} is not ${kind.name}`, { retryable: true });
    }
  }
}
