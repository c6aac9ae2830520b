/**
 * A new version, rolled out by two ReplicationControllers and one Service, one pod at a time, under load and without a failed request.
 *
 *     npx tsx examples/rolling-version.ts
 */
import { Cluster } from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';
import { Load } from './load.ts';
import { images, web } from './web.ts';

const replicas = 3;

await using cluster = await Cluster.create({
  nodes: ['node-1', 'node-2'].map((name) => ({ name, runtime: new ProcessRuntime({ images }) })),
});
const old = await cluster.replicationControllers.create(web('1', replicas));
const service = await cluster.services.create({
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, appProtocol: 'http' }] },
});
await old.ready();
await service.ready();
// From here on the cluster turns by itself, whatever this program waits for.
const stop = new AbortController();
const running = cluster.run({ signal: stop.signal });
const load = new Load(service.url() ?? '');

const next = await cluster.replicationControllers.create(web('2', 0));
for (let i = 1; i <= replicas; i++) {
  await next.scale(i);
  await next.ready();
  await old.scale(replicas - i);
  await old.ready();
  console.log(`version 1: ${old.status.readyReplicas ?? 0} pods, version 2: ${next.status.readyReplicas ?? 0} pods`);
}
await old.delete();

await load.stop();
stop.abort();
await running;
console.log(`${load.total} requests, ${load.failures.length} failed`);
for (const failure of new Set(load.failures)) console.log(`  ${failure}`);
