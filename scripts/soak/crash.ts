/**
 * `npm run soak:crash [-- --lmdb 1000 --etcd 100]`: kills a writing process at a random moment, so many times, and compares
 * what it left with what it had acknowledged. With etcd the server is killed too. Prints the table of `docs/durability.md`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'tsup';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { crashOnce, type CrashOutcome, type CrashRun } from '../../test/crash/crash-run.ts';
import { EtcdServers } from '../../test/etcd/etcd-server.ts';

const { values } = parseArgs({
  options: {
    lmdb: { type: 'string', default: '1000' },
    etcd: { type: 'string', default: '100' },
    parallel: { type: 'string', default: '2' },
  },
});
const root = join(import.meta.dirname, '../..');

/** The writer as one JavaScript file: starting it as TypeScript would take most of the time. */
async function bundle(): Promise<string> {
  const outDir = join(root, '.tmp/soak');
  await build({
    entry: [join(root, 'test/crash/crash-writer.ts')],
    outDir,
    format: 'esm',
    target: 'node20',
    silent: true,
    config: false,
    dts: false,
    external: ['lmdb', '@grpc/grpc-js'],
  });
  return join(outDir, 'crash-writer.js');
}

/** Several series at once; the seeds are dealt out to them. */
async function series(count: number, parallel: number, make: (seed: number, lane: number) => CrashRun): Promise<readonly CrashOutcome[]> {
  const outcomes: CrashOutcome[] = [];
  let next = 1;
  const lane = async (_: unknown, index: number): Promise<void> => {
    for (let seed = next++; seed <= count; seed = next++) {
      const outcome = await crashOnce(make(seed, index));
      outcomes.push(outcome);
      for (const violation of outcome.violations) console.error(`seed ${seed}: ${violation}`);
      if (outcomes.length % 100 === 0) console.error(`${outcomes.length} of ${count}`);
      if (outcome.violations.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: parallel }, lane));
  return outcomes;
}

function row(store: string, outcomes: readonly CrashOutcome[]): string {
  const sum = (of: (outcome: CrashOutcome) => number): number => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const acknowledged = sum((outcome) => outcome.acknowledged);
  const more = sum((outcome) => Math.max(0, outcome.kept - outcome.acknowledged));
  const date = new Date().toISOString().slice(0, 10);
  return `| ${date} | ${store} | ${outcomes.length} | ${acknowledged} | ${more} | ${outcomes.filter((outcome) => outcome.violations.length > 0).length} |`;
}

const writer = await bundle();
const directory = mkdtempSync(join(tmpdir(), 'coxswain-soak-'));
const random = new SeededRandom(2026);
console.log('| | store | kills | writes acknowledged | kept without having been acknowledged | runs with something lost or wrong |');
console.log('|---|---|---|---|---|---|');
const lmdb = await series(Number(values.lmdb), Number(values.parallel), (seed, lane) => ({
  store: `lmdb:${join(directory, String(lane))}`,
  seed,
  random,
  inFlight: [1, 8, 64][seed % 3]!,
  longestMs: 250,
  command: [writer],
}));
console.log(row('LMDB, writer killed', lmdb));
const servers = await EtcdServers.start(1);
const [member] = servers.members;
const etcd = await series(Number(values.etcd), 1, (seed) => ({
  store: `etcd:${servers.endpoints[0]},/crash-${seed}`,
  seed,
  random,
  inFlight: 1,
  longestMs: 250,
  command: [writer],
  alsoKill: async () => {
    await member!.signal('SIGKILL');
    member!.start();
  },
}));
console.log(row('etcd, writer and server killed', etcd));
await servers.remove();
rmSync(directory, { recursive: true });
process.exitCode = [...lmdb, ...etcd].some((outcome) => outcome.violations.length > 0) ? 1 : 0;
