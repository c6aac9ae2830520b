import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { LmdbStore, type LmdbStoreOptions } from '../../src/stores/lmdb-store.ts';
import type { StoreEntry } from '../../src/stores/store.ts';

/** A directory for this test alone; removed when it has ended. */
export async function newDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'coxswain-lmdb-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** An open store; closed when the test has ended. */
export async function openStore(path: string, options: Omit<LmdbStoreOptions, 'path'> = {}): Promise<LmdbStore> {
  const store = new LmdbStore({ path, ...options });
  onTestFinished(() => store.close());
  await store.open();
  return store;
}

export async function put(store: LmdbStore, key: string, value: object, expected = 0): Promise<StoreEntry> {
  const [result] = await store.write([{ key, value: Object.freeze(value), expected }]);
  if (!result?.ok) throw new Error(`${key} was not written: ${JSON.stringify(result)}`);
  return result.entry;
}
