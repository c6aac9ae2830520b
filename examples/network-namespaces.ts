/**
 * Two replicas of a program that says `listen(8080)` and knows nothing of addresses, side by side: each Pod has a network of its own
 * (a network namespace with a veth pair on a bridge). Needs Linux, root and `ip`; elsewhere it says so and ends.
 *
 *     sudo npx tsx examples/network-namespaces.ts
 */
import { Cluster } from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';

const program = "require('node:http').createServer((request, response) => response.end(`${process.pid}`)).listen(8080)";
const images = { 'unmodified:1': { command: [process.execPath, '-e', program] } } as const;

async function start(): Promise<Cluster | undefined> {
  try {
    return await Cluster.create({ nodes: [{ name: 'node-1', runtime: new ProcessRuntime({ images, network: 'namespace' }) }] });
  } catch (error) {
    console.log(`no network namespaces here: ${(error as Error).message}`);
    return undefined;
  }
}

await using cluster = await start();
if (cluster !== undefined) {
  const rc = await cluster.run('unmodified', 'unmodified:1', { replicas: 2, port: 8080 });
  const service = await cluster.expose(rc, { port: 80, targetPort: 8080, protocol: 'http' });
  await rc.ready();
  await service.ready();
  for (const pod of rc.pods()) console.log(`${pod.name} listens on ${pod.ip}:8080`);
  const answers = new Set<string>();
  for (let i = 0; i < 200 && answers.size < 2; i++) {
    const answer = await fetch(service.url() ?? '').then((response) => response.text());
    if (/^\d+$/.test(answer)) answers.add(answer);
    else await new Promise((resolve) => setTimeout(resolve, 50));
  }
  console.log(`${answers.size} processes answer at ${service.url()}`);
}
