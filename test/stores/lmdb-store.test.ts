import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import type { StoreFixture } from '../../src/testing/store-probe.ts';
import { storeSuite } from '../../src/testing/store-suite.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

async function lmdbFixture(): Promise<StoreFixture> {
  const path = await mkdtemp(join(tmpdir(), 'coxswain-lmdb-'));
  const make = (): LmdbStore => new LmdbStore({ path });
  return { store: make(), again: make, patienceMs, dispose: () => rm(path, { recursive: true }) };
}

describe('the store suite on LmdbStore', () => {
  it.each(storeSuite)('$name', async ({ run }) => {
    await expect(run(lmdbFixture)).resolves.toBeUndefined();
  });
});
