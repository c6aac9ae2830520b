// A host of process pods, to be killed: tsx host-program.ts {"stateDir", "onHostDeath", "network", "pods": {name: [command...]}}
import { SeededRandom, silentLogger, SystemClock } from 'coxswain';
import { SystemSecureRandom } from '../../src/env/system-secure-random.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';

interface Order {
  readonly stateDir: string;
  readonly onHostDeath: 'kill' | 'keep';
  readonly network: 'auto' | 'namespace';
  readonly pods: Readonly<Record<string, readonly [string, ...string[]]>>;
}

const order = JSON.parse(process.argv[2] ?? '') as Order;
const images = Object.fromEntries(Object.entries(order.pods).map(([name, command]) => [name, { command }]));
const runtime = new ProcessRuntime({ images, network: order.network });
await runtime.open({
  clock: new SystemClock(),
  random: new SeededRandom(1),
  secureRandom: new SystemSecureRandom(),
  logger: silentLogger,
  clusterId: 'host-program',
  nodeName: 'n1',
  onHostDeath: order.onHostDeath,
  stateDir: order.stateDir,
});
for (const name of Object.keys(order.pods)) {
  const metadata = { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' };
  const container = { name: 'main', image: name };
  const pod = { apiVersion: 'v1' as const, kind: 'Pod' as const, metadata, spec: { containers: [container] } };
  const sandbox = await runtime.runSandbox({ pod, attempt: 0, hostname: name, dns: undefined });
  await runtime.pullImage({ image: name, credentials: [] });
  const id = await runtime.createContainer(sandbox.id, {
    container,
    type: 'container',
    attempt: 0,
    image: name,
    env: [],
    command: undefined,
    args: undefined,
    workingDir: undefined,
    mounts: [],
    securityContext: undefined,
  });
  await runtime.startContainer(id);
}
console.log('ready');
// The guard and the pods do not keep the host alive: this does.
process.stdin.resume();
