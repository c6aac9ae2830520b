/**
 * `npm run soak:docker [-- --runs 1000 --kills 100 --lanes 4 --daemon-rounds 10 --seed 1 --only killed]`: weather on the engine of the
 * environment, so many runs in lanes side by side, each a cluster of its own; every kind at least once, or only those whose names have the
 * word. Then what befalls the daemon itself, on engines
 * of its own, so many rounds of each kind with and without live-restore (needs root); their runs count too. Then hosts killed at a random
 * moment. Prints a table of kinds; ends with 1 if anything did not converge. Everything it prints as it goes is on standard error.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { daemonWeathers } from '../../test/docker/daemon-weather.ts';
import { canStartDockerd, OwnDockerd, ownSubnet } from '../../test/docker/own-dockerd.ts';
import { WeatherField } from '../../test/docker/weather-field.ts';
import type { Weather } from '../../test/docker/weather.ts';
import { drawWeather, weathers } from '../../test/docker/weather.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '100' },
    lanes: { type: 'string', default: '4' },
    'daemon-rounds': { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const seed = Number(values.seed);
const total = Number(values.runs);
const chosen = (from: readonly Weather[]): readonly Weather[] => from.filter(({ name }) => name.includes(values.only));
const random = new SeededRandom(seed);
const outcomes = new Map<string, { runs: number; failed: number; msMax: number }>();
let done = 0;

async function one(field: WeatherField, n: number, weather: Weather): Promise<void> {
  const outcome = outcomes.get(weather.name) ?? { runs: 0, failed: 0, msMax: 0 };
  outcomes.set(weather.name, outcome);
  const started = performance.now();
  try {
    await field.run(n, weather);
  } catch (error) {
    outcome.failed++;
    console.error(`run ${n}, seed ${seed}, ${weather.name}: ${(error as Error).message}`);
  }
  outcome.runs++;
  outcome.msMax = Math.max(outcome.msMax, performance.now() - started);
  if (++done % 20 === 0) console.error(`${new Date().toISOString()} ${done} runs`);
}

async function lane(name: string, due: (readonly [n: number, weather: Weather])[], dockerd?: OwnDockerd): Promise<void> {
  const field = await WeatherField.open(name, { dockerd, patienceMs: 30_000 });
  try {
    for (let next = due.shift(); next !== undefined; next = due.shift()) await one(field, ...next);
  } finally {
    await field.close();
  }
}

const rounds = canStartDockerd() ? Number(values['daemon-rounds']) : 0;
async function daemon(liveRestore: boolean, subnet: string): Promise<void> {
  const kinds = chosen(daemonWeathers(liveRestore)).map((weather) => ({
    ...weather,
    name: `${weather.name} (live-restore: ${liveRestore})`,
  }));
  if (rounds === 0 || kinds.length === 0) return;
  const dockerd = await OwnDockerd.start({ subnet, liveRestore, diskMb: 64 });
  const due = Array.from({ length: rounds }, () => kinds).flat();
  try {
    await lane(`soak-daemon-${process.pid}-${liveRestore}`, [...due.entries()], dockerd);
  } finally {
    await dockerd.close();
  }
}

const ofDaemons = rounds * (chosen(daemonWeathers(true)).length + chosen(daemonWeathers(false)).length);
const ofEngine = chosen(weathers);
if (ofDaemons === 0 && ofEngine.length === 0) throw new Error(`--only ${values.only}: expected a word in the name of a kind of weather`);
const due = [...drawWeather(ofEngine, ofEngine.length === 0 ? 0 : Math.max(0, total - ofDaemons), random).entries()];
const lanes = Array.from({ length: Math.min(Number(values.lanes), due.length) }, (_none, n) => lane(`soak-${process.pid}-${n}`, due));
await Promise.all([...lanes, daemon(false, ownSubnet(226)), daemon(true, ownSubnet(227))]);

console.log('| weather | runs | not converged | longest |\n|---|---|---|---|');
for (const [name, { runs, failed, msMax }] of outcomes) console.log(`| ${name} | ${runs} | ${failed} | ${(msMax / 1000).toFixed(1)} s |`);
const failed = [...outcomes.values()].reduce((sum, outcome) => sum + outcome.failed, 0);
console.log(`${done} runs of ${outcomes.size} kinds, ${failed} did not converge`);

const kills = Number(values.kills);
if (kills > 0) {
  const command = ['vitest', 'run', 'test/docker/host-death.test.ts', '--reporter=verbose'];
  const env = { ...process.env, COXSWAIN_KILLS: String(kills), COXSWAIN_SEED: String(seed) };
  const { status } = spawnSync('npx', command, { cwd: join(import.meta.dirname, '../..'), stdio: 'inherit', env });
  console.log(`${kills} hosts killed: ${status === 0 ? 'nothing left over, nothing foreign touched' : 'FAILED'}`);
  if (status !== 0) process.exitCode = 1;
}
if (failed > 0) process.exitCode = 1;
