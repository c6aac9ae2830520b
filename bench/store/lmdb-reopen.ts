import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import type { Measure } from '../measure.ts';
import { Places } from './places.ts';

const objects = 150_000;
let places: Places;

/** A store of 150,000 objects of about 600 bytes, closed. */
async function prepare(): Promise<() => Promise<void>> {
  places = new Places();
  const store = await places.openLmdb();
  for (let first = 0; first < objects; first += 1_000) {
    await store.write(
      Array.from({ length: 1_000 }, (_, i) => ({
        key: `/registry/pods/ns-${i % 50}/web-${first + i}`,
        value: podOf(first + i),
        expected: 0,
      })),
    );
  }
  await store.close();
  return () => places.close();
}

function podOf(n: number): object {
  const metadata = {
    name: `web-${n}`,
    namespace: `ns-${n % 50}`,
    uid: `uid-${n}`,
    labels: { app: 'web', tier: 'front' },
    creationTimestamp: '2030-01-01T00:00:00Z',
  };
  const container = {
    name: 'web',
    image: 'web:1',
    resources: { requests: { cpu: '100m', memory: '64Mi' } },
    ports: [{ containerPort: 8080 }],
  };
  const status = {
    phase: 'Running',
    podIP: '10.0.0.1',
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'PodScheduled', status: 'True' },
    ],
  };
  return Object.freeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata,
    spec: { nodeName: `n${n % 1000}`, containers: [container], restartPolicy: 'Always' },
    status,
  });
}

/** From the call of open() until everything has been listed, in this process. */
export const lmdbReopen: Measure = {
  name: 'lmdb.reopen-150k',
  unit: 's',
  aim: 2,
  better: 'lower',
  samples: 5,
  prepare,
  sample: async () => {
    const store = new LmdbStore({ path: join(places.directory, 'lmdb') });
    const started = performance.now();
    await store.open();
    const { entries } = await store.list('/registry/');
    const seconds = (performance.now() - started) / 1_000;
    await store.close();
    if (entries.length !== objects) throw new Error(`expected ${objects} objects, found ${entries.length}`);
    return seconds;
  },
};

/** What the heap of a fresh process grows by when the store is opened, per object; their JSON is about 480 bytes. */
export const lmdbMemory: Measure = {
  name: 'lmdb.bytes-per-object',
  unit: 'B',
  aim: 2_000,
  better: 'lower',
  samples: 2,
  warmup: 0,
  prepare,
  sample: async () => {
    const peer = fileURLToPath(new URL('lmdb-memory-peer.ts', import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--import', 'tsx', peer, join(places.directory, 'lmdb')], {
      encoding: 'utf8',
    });
    const bytes = Number(stdout);
    if (!(bytes > 0)) throw new Error(`the peer failed: ${stderr}`);
    return bytes / objects;
  },
};
