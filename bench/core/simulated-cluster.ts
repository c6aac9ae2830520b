import { Cluster, ManualClock, podKind, replicationControllerKind } from 'coxswain';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';

/** A cluster in virtual time, its nodes ready, nothing on them. */
export function simulatedCluster(nodes: number): Promise<Cluster> {
  return Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: Array.from({ length: nodes }, (_, i) => ({ name: `node-${i}`, runtime: new SimulatedRuntime() })),
  });
}

/** One ReplicationController with so many pods, and virtual time until all of them run. */
export async function runPods(cluster: Cluster, replicas: number): Promise<void> {
  const labels = { app: 'web' };
  await cluster.client.create(replicationControllerKind, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas, selector: labels, template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } } },
  });
  const running = (): number => cluster.view.list(podKind).filter((pod) => pod.status?.phase === 'Running').length;
  for (let second = 0; running() < replicas; second++) {
    if (second === 600) throw new Error(`expected ${replicas} pods to run after 10 virtual minutes, ${running()} do`);
    await cluster.advance('1s');
  }
}
