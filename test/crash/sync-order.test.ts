import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkSyncOrder, hasStrace, traceWriter, type SyncOrder } from './sync-order.ts';

async function orderOf(kind: string, fileName: string, inFlight = 1): Promise<SyncOrder> {
  const directory = await mkdtemp(join(tmpdir(), 'coxswain-sync-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return checkSyncOrder(await traceWriter(`${kind}:${directory}`, 40, inFlight), fileName);
}

describe.skipIf(!hasStrace)('the order of syncs, as the kernel sees it', () => {
  it.each([1, 16])(
    'LmdbStore, %i writers: every acknowledgement follows a completed sync of all that was written for it',
    async (writers) => {
      const { acknowledgements, violations } = await orderOf('lmdb', 'coxswain.mdb>', writers);
      expect(violations).toEqual([]);
      expect(acknowledgements).toBeGreaterThanOrEqual(40);
    },
  );

  it.each([
    ['unsynced', 1],
    ['unsynced', 16],
    ['early', 1],
    ['early', 16],
  ])('a store whose acknowledgements are %s is caught at every one, %i writers', async (bug, writers) => {
    const { violations } = await orderOf(bug, 'planted.log>', writers);
    expect(violations.length).toBeGreaterThanOrEqual(40);
  });

  it.each([1, 16])('the same store with its sync is not, %i writers', async (writers) => {
    const { acknowledgements, violations } = await orderOf('synced', 'planted.log>', writers);
    expect(violations).toEqual([]);
    expect(acknowledgements).toBeGreaterThanOrEqual(40);
  });
});
