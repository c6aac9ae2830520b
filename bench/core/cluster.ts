import type { Measure } from '../measure.ts';
import { inFreshNode } from './fresh-node.ts';
import { runPods, simulatedCluster } from './simulated-cluster.ts';

/** ReplicationController 0 to 10,000 pods Running on 1,000 simulated nodes that are there already. */
export const rc10kPods: Measure = {
  name: 'rc.10k-pods',
  unit: 's',
  aim: 1.5,
  better: 'lower',
  samples: 3,
  warmup: 0,
  sample: async () => {
    const cluster = await simulatedCluster(1_000);
    const started = performance.now();
    await runPods(cluster, 10_000);
    const seconds = (performance.now() - started) / 1000;
    await cluster.close();
    return seconds;
  },
};

const hour = 3_600_000;

/** An hour of 10 nodes and 200 pods: virtual seconds for each real one. */
export const virtualRatio: Measure = {
  name: 'time.virtual-ratio',
  unit: 'x',
  aim: 10_000,
  better: 'higher',
  samples: 5,
  sample: async () => {
    const cluster = await simulatedCluster(10);
    await runPods(cluster, 200);
    const started = performance.now();
    await cluster.advance(hour);
    const ratio = hour / (performance.now() - started);
    await cluster.close();
    return ratio;
  },
};

/** What the heap grows by for each of 10,000 running pods that differ in nothing but their names. */
export const bytesPerPod: Measure = {
  name: 'memory.bytes-per-pod',
  unit: 'B',
  aim: 1_000,
  better: 'lower',
  samples: 3,
  warmup: 0,
  sample: () =>
    inFreshNode(
      `
      const { runPods, simulatedCluster } = await import('./bench/core/simulated-cluster.ts');
      const pods = 10_000;
      const cluster = await simulatedCluster(100);
      const heap = () => { gc(); gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };
      const before = heap();
      await runPods(cluster, pods);
      await cluster.advance('1h');
      console.log((heap() - before) / pods);
      process.exit();`,
      ['--expose-gc', '--import', 'tsx'],
    ),
};
