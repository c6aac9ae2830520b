/**
 * `npm run soak:simulation [-- --seeds 500 --first 1]`: a seeded cluster in seeded weather for each seed, with every invariant checked, and
 * every twentieth seed twice, for the same history. Prints the line of `docs/simulation.md`; exits with 1 if anything broke.
 */
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { simulate } from '../../src/testing/simulation/simulation.ts';

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: process.env['SEEDS'] ?? '500' }, first: { type: 'string', default: '1' } },
});
const seeds = Number(values.seeds);
const first = Number(values.first);
const twiceEach = 20;

const started = performance.now();
const broken: string[] = [];
let changes = 0;
let virtualMs = 0;
for (let seed = first; seed < first + seeds; seed++) {
  const result = await simulate({ seed });
  changes += result.changes;
  virtualMs += result.virtualMs;
  broken.push(...result.violations.map((violation) => `seed ${seed}: ${violation}`));
  if (seed % twiceEach === 0) {
    const again = await simulate({ seed });
    if (again.historyHash !== result.historyHash) broken.push(`seed ${seed}: two histories: ${result.historyHash}, ${again.historyHash}`);
  }
  if ((seed - first + 1) % 50 === 0) console.error(`${seed - first + 1} of ${seeds} seeds, ${broken.length} broken`);
}
for (const line of broken) console.log(line);
const hours = Math.round(virtualMs / 3_600_000);
const seconds = Math.round((performance.now() - started) / 1000);
console.log(
  `| ${new Date().toISOString().slice(0, 10)} | ${process.versions.node} | ${first} to ${first + seeds - 1} | ${changes} | ${hours} h | ${seconds} s | ${broken.length} |`,
);
process.exitCode = broken.length === 0 ? 0 : 1;
