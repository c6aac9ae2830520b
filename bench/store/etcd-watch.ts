import type { Measure } from '../measure.ts';
import { Places } from './places.ts';

let places: Places;
let count = 0;

/** From the moment a write is sent until a watch of the same process tells of it: the mean of 200, one after the other. */
export const etcdWatch: Measure = {
  name: 'etcd.watch',
  unit: 'ms',
  aim: 10,
  better: 'lower',
  samples: 5,
  prepare: async () => {
    places = new Places();
    await places.openEtcd();
    return () => places.close();
  },
  sample: async () => {
    const store = places.etcd!;
    let arrived: () => void = () => undefined;
    const watch = store.watch({
      prefix: '/bench/',
      after: await store.head(),
      onChanges: () => arrived(),
      onError: (error) => {
        throw error;
      },
    });
    const started = performance.now();
    for (let n = 0; n < 200; n++) {
      const told = new Promise<void>((resolve) => (arrived = resolve));
      await store.write([{ key: `/bench/${count++}`, value: Object.freeze({ n }), expected: 0 }]);
      await told;
    }
    watch.close();
    return (performance.now() - started) / 200;
  },
};
