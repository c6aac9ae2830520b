import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerConfig, ContainerState } from '../runtime.ts';
import type { VolumePlace } from '../volumes/volume-folders.ts';
import type { ProcessImage } from './process-image.ts';
import type { ProcessPodRecord } from './process-pod.ts';

/**
 * What a node whose pods outlive their host leaves in its folder, for the next one:
 *
 *     node.json                                whose it is, its addresses
 *     pods/POD/pod.json                        a sandbox, its address and its volumes
 *     pods/POD/containers/NAME.N/container.json  a container as it was made
 *                               /launch.json, started.json, ended.json   the shim's
 *                               /state.json    its end, once everything about it is known
 */
export interface SavedNode {
  readonly owner: string;
  readonly cidr: string;
  /** The control group of everything it started; '' if there is none. */
  readonly controlGroup: string;
  /** A shell command that removes what the node has outside of its folders. */
  readonly removal: string;
  readonly folders: readonly string[];
}

export interface SavedPod {
  readonly record: ProcessPodRecord;
  readonly ip: string;
  readonly mapped: Readonly<Record<string, number>>;
  readonly volumes: Readonly<Record<string, VolumePlace>>;
}

export interface SavedContainer {
  readonly id: string;
  readonly config: ContainerConfig;
  readonly image: ProcessImage;
}

export type SavedEnd = Extract<ContainerState, { state: 'exited' }>;

/** Writes a file so that a reader sees all of it or nothing. */
export async function writeWhole(path: string, value: unknown): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(value), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Reads a file written whole; undefined if there is none, or if it is not ours. */
export async function readWhole<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** The folders in a folder, in order; none if it is not there. */
export async function foldersIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort();
}
