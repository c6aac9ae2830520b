import { MemoryStore } from 'coxswain';
import type { Measure } from '../measure.ts';

const keys = 150_000;
const watchers = 10;
const batch = 500;

/** 150,000 keys with 10 watchers, from 10 prefixes, written in groups. */
export const storePut: Measure = {
  name: 'store.put',
  unit: 'puts/s',
  aim: 300_000,
  better: 'higher',
  samples: 5,
  sample: async () => {
    const store = new MemoryStore();
    await store.open();
    let seen = 0;
    for (let i = 0; i < watchers; i++) {
      store.watch({
        prefix: `/registry/${i}/`,
        after: 0,
        onChanges: (changes) => (seen += changes.length),
        onError: (error) => {
          throw error;
        },
      });
    }
    const value = Object.freeze({ spec: Object.freeze({ replicas: 1 }) });
    const started = performance.now();
    for (let first = 0; first < keys; first += batch) {
      await store.write(
        Array.from({ length: batch }, (_, i) => ({ key: `/registry/${i % watchers}/object-${first + i}`, value, expected: 0 })),
      );
    }
    const seconds = (performance.now() - started) / 1000;
    if (seen !== keys) throw new Error(`store.put: expected the watchers to see ${keys} changes, they saw ${seen}`);
    await store.close();
    return keys / seconds;
  },
};
