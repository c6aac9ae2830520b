import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { SeededRandom } from '../../src/env/seeded-random.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import { CrashPlan } from './crash-plan.ts';
import type { Store } from '../../src/stores/store.ts';
import { crashStore, historyLimit } from './crash-store.ts';

export interface CrashRun {
  /** As `crashStore` understands it; empty at first. */
  readonly store: string;
  readonly seed: number;
  readonly random: SeededRandom;
  readonly inFlight: number;
  /** The longest time it may write before it is killed, in milliseconds. */
  readonly longestMs: number;
  /** From when on that time counts: the store is open (unless given), or the first write has been acknowledged. */
  readonly from?: 'open' | 'begun';
  /** How the writer is started; as TypeScript unless given. */
  readonly command?: readonly string[];
  /** Called at the moment of the kill, for instance to kill the server too. Resolves when the store can be opened again. */
  readonly alsoKill?: () => Promise<void>;
}

export interface CrashOutcome {
  readonly acknowledged: number;
  /** How many writes the store holds: those acknowledged and perhaps some that were not. */
  readonly kept: number;
  readonly violations: readonly string[];
}

const clock = new SystemClock();

/** Starts the writer, kills it with SIGKILL at a random moment, opens what it left and compares it with the plan. */
export async function crashOnce(run: CrashRun): Promise<CrashOutcome> {
  const command = run.command ?? ['--import', 'tsx', join(import.meta.dirname, 'crash-writer.ts')];
  const before = await headOf(run.store);
  const acknowledgements = join(mkdtempSync(join(tmpdir(), 'coxswain-acks-')), 'acks');
  const file = openSync(acknowledgements, 'w');
  const child = spawn(process.execPath, [...command, run.store, String(run.seed), String(run.inFlight)], {
    stdio: ['ignore', file, 'pipe'],
  });
  closeSync(file);
  let complaint = '';
  const opened = new Promise<void>((resolve) => {
    child.stderr!.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
      if (complaint.startsWith(run.from === 'begun' ? 'open\nbegun\n' : 'open\n')) resolve();
    });
  });
  const exited = once(child, 'exit');
  await Promise.race([opened, exited]);
  await clock.sleep(run.random.next() * run.longestMs);
  if (child.exitCode !== null) throw new Error(`the writer ended by itself: ${complaint}`);
  child.kill('SIGKILL');
  const others = run.alsoKill?.();
  await Promise.all([exited, others]);
  const output = readFileSync(acknowledgements, 'utf8');
  rmSync(dirname(acknowledgements), { recursive: true });
  const acknowledged = output.split('\n').reduce((most, line) => Math.max(most, Number(/^ack (\d+)$/.exec(line)?.[1] ?? 0)), 0);
  return { acknowledged, ...(await verify(run, before, acknowledged)) };
}

/** 0 for a store that is shared: there the plan counts for itself. */
async function headOf(name: string): Promise<number> {
  const store = crashStore(name);
  try {
    await store.open();
    return store.shared ? 0 : await store.head();
  } finally {
    await store.close();
  }
}

async function verify(run: CrashRun, before: number, acknowledged: number): Promise<Omit<CrashOutcome, 'acknowledged'>> {
  const store = crashStore(run.store);
  try {
    await store.open();
    const { entries, revision } = await store.list('/crash/');
    // One writer at a time in a shared store: at most one more than was acknowledged.
    const candidates = store.shared ? [acknowledged, acknowledged + 1] : [revision - before];
    const violations: string[] = [];
    for (const kept of candidates) {
      const found =
        kept < acknowledged
          ? [`write ${acknowledged} was acknowledged, and only ${kept} are there`]
          : [...differencesAfter(run.seed, kept, entries), ...(await untoldBy(store, run.seed, kept, revision))];
      if (found.length === 0) {
        const ops = entries.map(({ key, revision: expected }) => ({ key, value: null, expected }));
        const cleared = await store.write(ops);
        return { kept, violations: cleared.every((result) => result.ok) ? [] : ['the store that was opened again refuses writes'] };
      }
      violations.push(...found);
    }
    return { kept: -1, violations };
  } catch (error) {
    return { kept: -1, violations: [`the store does not open again: ${String(error)}`] };
  } finally {
    await store.close();
  }
}

/** A watch from the past must tell the writes before the crash as they were made. A shared store's history is not this writer's alone. */
async function untoldBy(store: Store, seed: number, kept: number, revision: number): Promise<readonly string[]> {
  const count = Math.min(kept, historyLimit);
  if (store.shared || count === 0) return [];
  const plan = planAfter(seed, kept);
  return new Promise((resolve) => {
    store.watch({
      prefix: '',
      after: revision - count,
      onChanges: (changes) => {
        const missing = changes.length === count ? [] : [`expected a history of ${count} writes, found one of ${changes.length}`];
        resolve([...missing, ...plan.untold(changes)]);
      },
      onError: (error) => resolve([`its history cannot be read: ${String(error)}`]),
    });
  });
}

function planAfter(seed: number, kept: number): CrashPlan {
  const plan = new CrashPlan(seed);
  for (let n = 0; n < kept; n++) plan.next(() => 0);
  return plan;
}

function differencesAfter(seed: number, kept: number, entries: Parameters<CrashPlan['differences']>[0]): readonly string[] {
  return planAfter(seed, kept).differences(entries);
}
