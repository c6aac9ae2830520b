/**
 * A scheduler plugin of one's own: pods go to nodes of their tenant, and where none has room, the cluster says why, node by node.
 *
 *     npx tsx examples/custom-scheduler-plugin.ts
 */
import { Cluster, DefaultScheduler, ManualClock, defaultPlugins, type SchedulerPlugin } from 'coxswain';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';

const tenancy: SchedulerPlugin = {
  name: 'Tenancy',
  filter: (pod, node) => {
    const tenant = pod.object.metadata.labels?.['tenant'];
    if (node.labels['tenant'] === tenant) return undefined;
    return { plugin: 'Tenancy', reasons: [`node(s) belonged to another tenant than ${tenant}`], resolvable: false };
  },
};

await using cluster = await Cluster.create({
  clock: new ManualClock(),
  seed: 1,
  scheduler: new DefaultScheduler({ profiles: [{ plugins: [...defaultPlugins(), { plugin: tenancy, weight: 1 }] }] }),
  nodes: ['red', 'red', 'blue'].map((tenant, i) => ({ name: `node-${i}`, labels: { tenant }, runtime: new SimulatedRuntime() })),
});

for (const tenant of ['red', 'blue', 'green']) {
  await cluster.pods.create({
    metadata: { name: tenant, namespace: 'default', labels: { tenant } },
    spec: { containers: [{ name: 'app', image: 'app:1', resources: { requests: { cpu: '1' } } }] },
  });
}
await cluster.advance('5s');

for (const pod of cluster.pods.list()) console.log(`${pod.name}: ${pod.nodeName ?? 'nowhere'} (${pod.phase})`);
const green = cluster.pods.get('green');
if (green !== undefined) console.log(cluster.explain(green.object).message);
