/**
 * `npm run soak:failover [-- --rounds 100 --default-rounds 6 --member-rounds 10]`: takes the leader of three control planes away, by SIGKILL and by SIGSTOP in
 * turn, under load; with a lease of 2 s, and a few times with the default of 12 s; and on three etcd members, of
 * which one is killed or stopped at the same time. Then the same without the fence, which must be found
 * out. Prints the table of `docs/high-availability.md`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'tsup';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { EtcdServers } from '../../test/etcd/etcd-server.ts';
import { failover, type FailoverOptions, type FailoverOutcome } from '../../test/failover/failover-run.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    'default-rounds': { type: 'string', default: '6' },
    'member-rounds': { type: 'string', default: '10' },
    seed: { type: 'string', default: '2026' },
  },
});
const root = join(import.meta.dirname, '../..');

/** The control plane as one JavaScript file: starting it as TypeScript would take most of the time. */
async function bundle(): Promise<string> {
  const outDir = join(root, '.tmp/soak');
  await build({
    entry: [join(root, 'test/failover/plane-process.ts')],
    outDir,
    format: 'esm',
    target: 'node20',
    silent: true,
    config: false,
    dts: false,
    skipNodeModulesBundle: true,
  });
  return join(outDir, 'plane-process.js');
}

function row(what: string, outcome: FailoverOutcome): string {
  const { tookMs, terms, acts, acknowledged, violations, lost, miscounted } = outcome;
  const sorted = [...tookMs].sort((a, b) => a - b);
  const at = (share: number): string => `${((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) / 1000).toFixed(1)} s`;
  return `| ${what} | ${tookMs.length} | ${terms} | ${acts} | ${violations.length} | ${acknowledged} | ${lost.length} | ${miscounted.length} | ${at(0.5)} | ${at(1)} |`;
}

const servers = await EtcdServers.start(1);
const command = [await bundle()];
const seed = Number(values.seed);
let bad = false;
type Setting = Partial<Pick<FailoverOptions, 'planted' | 'endpoints' | 'disturb'>>;
const series = async (what: string, prefix: string, leaseMs: number, rounds: number, setting: Setting = {}): Promise<void> => {
  if (rounds === 0) return;
  const onRound = (round: number, tookMs: number): void => console.error(`${what}: ${round + 1} of ${rounds}, ${tookMs} ms`);
  const { endpoints } = servers;
  const outcome = await failover({ endpoints, prefix, leaseMs, rounds, random: new SeededRandom(seed), command, onRound, ...setting });
  console.log(row(what, outcome));
  for (const line of [...outcome.violations, ...outcome.lost, ...outcome.miscounted].slice(0, 20)) console.error(line);
  const faults = outcome.violations.length + outcome.lost.length + outcome.miscounted.length;
  bad ||= setting.planted === true ? outcome.violations.length === 0 : faults > 0;
};
/** One member of three goes with the leader, in turn killed and stopped. */
async function withThree(rounds: number): Promise<void> {
  if (rounds === 0) return;
  const three = await EtcdServers.start(3);
  const disturb = async (round: number): Promise<() => Promise<void>> => {
    const member = three.members[round % 3]!;
    const stopped = round % 4 < 2;
    await member.signal(stopped ? 'SIGSTOP' : 'SIGKILL');
    return async () => (stopped ? member.signal('SIGCONT') : member.start(three.cluster));
  };
  await series('lease of 2 s, a member of etcd gone too', '/soak-3', 2000, rounds, { endpoints: three.endpoints, disturb });
  await three.remove();
}

console.log(
  '| | leaders taken away | terms | acts | acts outside the own term | writes of users acknowledged | lost | wrong number of Pods | until the next acted (median) | (longest) |',
);
console.log('|---|---|---|---|---|---|---|---|---|---|');
await series('lease of 2 s', '/soak-2', 2000, Number(values.rounds));
await series('the default, 12 s', '/soak-12', 12_000, Number(values['default-rounds']));
await series('planted: without the fence', '/soak-planted', 2000, Math.min(6, Number(values.rounds)), { planted: true });
await servers.remove();
await withThree(Number(values['member-rounds']));
process.exitCode = bad ? 1 : 0;
