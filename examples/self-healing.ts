/**
 * Real processes, killed with kill -9 under load: the kubelet starts them again, the Service leaves them out meanwhile.
 *
 *     npx tsx examples/self-healing.ts
 */
import { Cluster } from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';
import { ask, Load } from './load.ts';
import { images, web } from './web.ts';

await using cluster = await Cluster.create({
  nodes: ['node-1', 'node-2'].map((name) => ({ name, runtime: new ProcessRuntime({ images }) })),
});
const rc = await cluster.replicationControllers.create(web('1', 3));
const service = await cluster.expose(rc, { name: 'web', port: 80, targetPort: 8080, protocol: 'http' });
await rc.ready();
await service.ready();
const url = service.url() ?? '';
const load = new Load(url);

for (let round = 1; round <= 3; round++) {
  const { pod: name, pid } = await ask(url);
  const pod = cluster.pods.get(name);
  const restarts = pod?.status.containerStatuses?.[0]?.restartCount ?? 0;
  process.kill(pid, 'SIGKILL');
  await cluster.client.waitFor(
    `${name} to be started again`,
    () => (pod?.ready === true && (pod.status.containerStatuses?.[0]?.restartCount ?? 0) > restarts ? true : undefined),
    () => pod?.evidence() ?? '',
  );
  const { lastState, restartCount } = pod?.status.containerStatuses?.[0] ?? {};
  console.log(`killed process ${pid} of ${name}: exit code ${lastState?.terminated?.exitCode}, restarts ${restartCount}`);
}

await load.stop();
console.log(`${load.total} requests answered meanwhile by ${load.answered.size} pods, ${load.failures.length} cut by the kills`);
