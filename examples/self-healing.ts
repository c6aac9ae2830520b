/**
 * Real processes, killed with kill -9 under load: the kubelet starts them again, the Service leaves them out meanwhile.
 *
 *     npx tsx examples/self-healing.ts
 */
import { Cluster } from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';
import { ask, Load, type Answer } from './load.ts';
import { images, web } from './web.ts';

await using cluster = await Cluster.create({
  nodes: ['node-1', 'node-2'].map((name) => ({ name, runtime: new ProcessRuntime({ images }) })),
});
const rc = await cluster.replicationControllers.create(web('1', 3));
const service = await cluster.expose(rc, { name: 'web', port: 80, targetPort: 8080, protocol: 'http' });
await rc.ready();
await service.ready();
const url = service.url() ?? '';
// From here on the cluster turns by itself, whatever this program waits for.
const stop = new AbortController();
const running = cluster.run({ signal: stop.signal });
const load = new Load(url);

for (const { name } of rc.pods()) {
  const pod = cluster.pods.get(name);
  const { pid } = await askOf(name);
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

/** Asks until the pod of this name answers. */
async function askOf(name: string): Promise<Answer> {
  for (;;) {
    const answer = await ask(url);
    if (answer.pod === name) return answer;
  }
}

await load.stop();
stop.abort();
await running;
console.log(`${load.total} requests answered meanwhile by ${load.answered.size} pods, ${load.failures.length} cut by the kills`);
