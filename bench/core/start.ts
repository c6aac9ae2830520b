import type { Measure } from '../measure.ts';
import { built, inFreshNode } from './fresh-node.ts';

/** Import and an empty cluster. */
export const startCluster: Measure = {
  name: 'start.cluster',
  unit: 'ms',
  aim: 60,
  better: 'lower',
  samples: 15,
  prepare: built,
  sample: () =>
    inFreshNode(`
      const started = performance.now();
      const { Cluster } = await import('./dist/index.js');
      const cluster = await Cluster.create();
      console.log(performance.now() - started);
      await cluster.close();`),
};

/** From the start of the process until a simulated pod runs. */
export const startFirstPod: Measure = {
  name: 'start.first-pod',
  unit: 'ms',
  aim: 100,
  better: 'lower',
  samples: 15,
  prepare: built,
  sample: () =>
    inFreshNode(`
      const { Cluster, ManualClock, podKind } = await import('./dist/index.js');
      const { SimulatedRuntime } = await import('./dist/runtimes/simulated.js');
      const cluster = await Cluster.create({ clock: new ManualClock(), nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] });
      await cluster.client.create(podKind, { metadata: { name: 'web', namespace: 'default' }, spec: { containers: [{ name: 'web', image: 'web:1' }] } });
      while (cluster.view.list(podKind)[0].status.phase !== 'Running') await cluster.advance(20);
      console.log(performance.now());
      await cluster.close();`),
};
