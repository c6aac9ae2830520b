import { statfs } from 'node:fs/promises';
import type { DockerNode } from './docker-node.ts';

/**
 * What a node offers: the engine's processors and memory, 110 pods, and the room where the engine keeps its containers, if this machine can
 * see it. An engine does not say how much room it has: elsewhere pods that ask for `ephemeral-storage` need the option `capacity`.
 */
export async function nodeCapacity({ info, env, sharesFiles }: DockerNode): Promise<Readonly<Record<string, string>>> {
  const bytes = sharesFiles ? ((await sizeOf(info.DockerRootDir)) ?? (await sizeOf(env.stateDir))) : undefined;
  return {
    cpu: String(info.NCPU ?? 1),
    memory: `${Math.floor((info.MemTotal ?? 0) / 1024)}Ki`,
    pods: '110',
    ...(bytes === undefined ? {} : { 'ephemeral-storage': `${Math.floor(bytes / 1024)}Ki` }),
  };
}

async function sizeOf(folder: string | undefined): Promise<number | undefined> {
  if (folder === undefined) return undefined;
  return statfs(folder).then(
    ({ blocks, bsize }) => blocks * bsize,
    () => undefined,
  );
}
