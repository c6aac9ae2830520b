import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../src/stores/store.ts';
import type { Measure } from '../measure.ts';
import { Places } from './places.ts';

/** About what a small Pod is. */
const value = Object.freeze({ kind: 'Pod', metadata: Object.freeze({ name: 'web' }), text: 'x'.repeat(900) });
let puts = 0;

/** So many writers, each of which waits for its write before the next; puts per second. */
async function putsPerSecond(store: Store, writers: number, total: number): Promise<number> {
  const started = performance.now();
  let left = total;
  const writer = async (_: unknown, n: number): Promise<void> => {
    let expected = 0;
    const key = `/bench/${puts++}-${n}`;
    while (left-- > 0) {
      const [result] = await store.write([{ key, value, expected }]);
      if (!result?.ok) throw new Error(`a write was refused: ${JSON.stringify(result)}`);
      expected = result.entry.revision;
    }
  };
  await Promise.all(Array.from({ length: writers }, writer));
  return total / ((performance.now() - started) / 1_000);
}

/** Microseconds for one append of the same size and its fdatasync. */
function fdatasyncMicroseconds(directory: string, total: number): number {
  const file = openSync(join(directory, 'raw'), 'a');
  const bytes = Buffer.from(JSON.stringify(value));
  const started = performance.now();
  for (let n = 0; n < total; n++) {
    writeSync(file, bytes);
    fdatasyncSync(file);
  }
  closeSync(file);
  return ((performance.now() - started) / total) * 1_000;
}

let places: Places;
const prepare = async (): Promise<() => Promise<void>> => {
  places = new Places();
  await places.openLmdb();
  await places.openEtcd();
  return () => places.close();
};
const microseconds = async (store: Store, total: number): Promise<number> => 1e6 / (await putsPerSecond(store, 1, total));

export const durablePuts: readonly Measure[] = [
  {
    name: 'lmdb.put-1',
    unit: 'µs',
    aim: { ratio: 2.5, of: 'fdatasync' },
    better: 'lower',
    samples: 7,
    prepare,
    sample: () => microseconds(places.lmdb!, 200),
    against: [
      { name: 'fdatasync', sample: async () => fdatasyncMicroseconds(places.directory, 200) },
      { name: 'etcd', sample: () => microseconds(places.etcd!, 200) },
    ],
  },
  ...[64, 1_000].map((writers): Measure => ({
    name: `lmdb.put-${writers}`,
    unit: 'puts/s',
    aim: { ratio: 2, of: 'etcd' },
    better: 'higher',
    samples: 5,
    prepare,
    sample: () => putsPerSecond(places.lmdb!, writers, writers * 20),
    against: [{ name: 'etcd', sample: () => putsPerSecond(places.etcd!, writers, writers * 5) }],
  })),
  {
    name: 'etcd.put-1000',
    unit: 'puts/s',
    aim: 2_000,
    better: 'higher',
    samples: 5,
    prepare,
    sample: () => putsPerSecond(places.etcd!, 1_000, 5_000),
  },
];
