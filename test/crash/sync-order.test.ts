import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkSyncOrder, hasStrace, traceWriter, type SyncOrder } from './sync-order.ts';

async function orderOf(kind: string, fileName: string): Promise<SyncOrder> {
  const directory = await mkdtemp(join(tmpdir(), 'coxswain-sync-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return checkSyncOrder(await traceWriter(`${kind}:${directory}`, 40), fileName);
}

describe.skipIf(!hasStrace)('the order of syncs, as the kernel sees it', () => {
  it('LmdbStore: every acknowledgement follows a completed sync of all that was written for it', async () => {
    const { acknowledgements, violations } = await orderOf('lmdb', 'coxswain.mdb>');
    expect(violations).toEqual([]);
    expect(acknowledgements).toBeGreaterThanOrEqual(40);
  });

  it('a store that writes and does not sync is caught', async () => {
    const { violations } = await orderOf('unsynced', 'planted.log>');
    expect(violations.length).toBeGreaterThanOrEqual(40);
  });

  it('the same store with its sync is not', async () => {
    const { acknowledgements, violations } = await orderOf('synced', 'planted.log>');
    expect(violations).toEqual([]);
    expect(acknowledgements).toBeGreaterThanOrEqual(40);
  });
});
