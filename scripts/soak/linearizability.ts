/**
 * `npm run soak:linearizability [-- --memory 1000 --lmdb 1000 --etcd 100 --faults 10]`: so many histories of 1,000 operations by 8 clients,
 * checked for linearizability and for the guarantees of watches; the last ones on three members of etcd that are killed, stopped and cut
 * off meanwhile. Prints the table of `docs/durability.md`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import { EtcdStore } from '../../src/stores/etcd-store.ts';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { Store } from '../../src/stores/store.ts';
import { StoreProbe } from '../../src/testing/store-probe.ts';
import { tryHistory } from '../../src/testing/store-suite.ts';
import { EtcdServers } from '../../test/etcd/etcd-server.ts';
import { inWeather } from '../../test/etcd/etcd-weather.ts';

const { values } = parseArgs({
  options: {
    memory: { type: 'string', default: '1000' },
    lmdb: { type: 'string', default: '1000' },
    etcd: { type: 'string', default: '100' },
    faults: { type: 'string', default: '10' },
  },
});
const historiesPerStore = 50;
let failures = 0;

type Attempt = (probe: StoreProbe, seed: number) => Promise<readonly string[]>;
const undisturbed: Attempt = (probe, seed) => tryHistory(probe, { seed });

async function histories(
  name: string,
  count: number,
  make: (place: string) => { readonly store: Store; dispose(): void },
  attempt = undisturbed,
): Promise<void> {
  const started = performance.now();
  let wrong = 0;
  for (let first = 1; first <= count; first += historiesPerStore) {
    const { store, dispose } = make(String(first));
    const probe = new StoreProbe({ store, dispose: async () => undefined, patienceMs: 60_000 });
    await probe.open();
    for (let seed = first; seed < first + historiesPerStore && seed <= count; seed++) {
      const violations = await attempt(probe, seed);
      for (const violation of violations) console.error(`${name}, seed ${seed}: ${violation}`);
      if (violations.length > 0) wrong++;
    }
    await store.close();
    dispose();
  }
  failures += wrong;
  console.log(`| ${name} | ${count} | ${count * 1000} | ${wrong} | ${Math.round((performance.now() - started) / 1000)} s |`);
}

console.log('| store | histories | operations | histories with a violation | time |');
console.log('|---|---|---|---|---|');
await histories('memory', Number(values.memory), () => ({ store: new MemoryStore(), dispose: () => undefined }));
const directory = mkdtempSync(join(tmpdir(), 'coxswain-soak-'));
await histories('LMDB', Number(values.lmdb), (place) => {
  const path = join(directory, place);
  return { store: new LmdbStore({ path }), dispose: () => rmSync(path, { recursive: true }) };
});
rmSync(directory, { recursive: true });
const servers = await EtcdServers.start(1);
await histories('etcd', Number(values.etcd), (place) => ({
  store: new EtcdStore({ endpoints: servers.endpoints, prefix: `/soak-${place}`, requestTimeoutMs: 30_000, compactionIntervalMs: 0 }),
  dispose: () => undefined,
}));
await servers.remove();
const three = await EtcdServers.start(3);
const clock = new SystemClock();
await histories(
  'etcd, three members in faults',
  Number(values.faults),
  (place) => ({
    store: new EtcdStore({ endpoints: three.endpoints, prefix: `/soak-${place}`, requestTimeoutMs: 3_000, compactionIntervalMs: 0 }),
    dispose: () => undefined,
  }),
  (probe, seed) =>
    inWeather(three, new SeededRandom(seed), () => tryHistory(probe, { seed, pause: (random) => clock.sleep(random.integer(40)) })),
);
await three.remove();
process.exitCode = failures > 0 ? 1 : 0;
