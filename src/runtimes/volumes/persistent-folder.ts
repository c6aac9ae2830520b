import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RuntimeError } from '../../errors.ts';
import type { RuntimeEnv } from '../runtime.ts';

/** The folder of a node's persistent volumes. */
export const persistentFolder = ({ volumesDir, stateDir }: RuntimeEnv): string => volumesDir ?? join(stateDir, 'persistent');

/** Removes the contents of one volume. */
export async function removePersistent(env: RuntimeEnv, name: string): Promise<void> {
  if (name === '' || name === '.' || name === '..' || basename(name) !== name)
    throw new RuntimeError('RUNTIME_VOLUME_FAILED', `${JSON.stringify(name)} is no name of a volume`);
  await rm(join(persistentFolder(env), name), { recursive: true, force: true });
}
