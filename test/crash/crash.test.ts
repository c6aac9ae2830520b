import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { EtcdServers, hasEtcd } from '../etcd/etcd-server.ts';
import { crashOnce, type CrashOutcome } from './crash-run.ts';

/** The first is killed when it has written, however slow the disk is: one at least that shows something. */
const anyTime = (seed: number): 'open' | 'begun' => (seed === 1 ? 'begun' : 'open');

async function crashes(kind: string, count: number, from: typeof anyTime = anyTime): Promise<readonly CrashOutcome[]> {
  const directory = await mkdtemp(join(tmpdir(), 'coxswain-crash-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const random = new SeededRandom(5);
  const outcomes: CrashOutcome[] = [];
  for (let seed = 1; seed <= count; seed++) {
    outcomes.push(
      await crashOnce({ store: `${kind}:${directory}`, seed, random, inFlight: seed % 2 === 0 ? 30 : 1, longestMs: 150, from: from(seed) }),
    );
    if (outcomes.at(-1)!.violations.length > 0) break;
  }
  return outcomes;
}

describe('kill -9 of a process that writes', () => {
  it('LmdbStore: nothing acknowledged is lost, what is there is a prefix of what was written, and its history tells it', async () => {
    const outcomes = await crashes('lmdb', 4);
    expect(outcomes.flatMap((outcome) => outcome.violations)).toEqual([]);
    expect(Math.max(...outcomes.map((outcome) => outcome.acknowledged))).toBeGreaterThan(0);
  });

  it.skipIf(!hasEtcd)('EtcdStore: the same, with the server killed at the same moment', async () => {
    const servers = await EtcdServers.start(1);
    onTestFinished(() => servers.remove());
    const [member] = servers.members;
    const random = new SeededRandom(6);
    const alsoKill = async (): Promise<void> => {
      await member!.signal('SIGKILL');
      member!.start();
    };
    const outcomes: CrashOutcome[] = [];
    for (let seed = 1; seed <= 3; seed++) {
      const store = `etcd:${servers.endpoints[0]},/${seed}`;
      outcomes.push(await crashOnce({ store, seed, random, inFlight: 1, longestMs: 500, from: anyTime(seed), alsoKill }));
    }
    expect(outcomes.flatMap((outcome) => outcome.violations)).toEqual([]);
    expect(Math.max(...outcomes.map((outcome) => outcome.acknowledged))).toBeGreaterThan(0);
  });

  it.each([
    ['late', 'acknowledges before it has written', /was acknowledged, and only/],
    ['forgetful', 'keeps no history over a crash', /its history cannot be read/],
  ])('%s: a store that %s is caught', async (kind, _bug, finds) => {
    // A writer that was killed before it had written shows nothing.
    const outcomes = await crashes(kind, 4, () => 'begun');
    expect(outcomes.flatMap((outcome) => outcome.violations).join('\n')).toMatch(finds);
  });

  it('synced: the same store without a bug is not', async () => {
    const outcomes = await crashes('synced', 3);
    expect(outcomes.flatMap((outcome) => outcome.violations)).toEqual([]);
  });
});
