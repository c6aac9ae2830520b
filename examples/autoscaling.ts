/**
 * A real HTTP service under a changing load, scaled by its requests per second from 1 to 8 Pods and back; in the middle of it a new
 * version is rolled out, and a node is lost.
 *
 *     npm run demo:autoscaling
 */
import { Cluster, Quantity } from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';
import { PacedLoad } from './paced-load.ts';
import { Screen } from './screen.ts';
import { images, web } from './web.ts';

const short = process.env['EXAMPLE_SHORT'] === '1';
const syncPeriodMs = short ? 1000 : 3000;
const calmMs = short ? 1000 : 8000;
const perPod = 10;
const nodes = ['node-1', 'node-2', 'node-3'];
const namespace = 'default';

await using cluster = await Cluster.create({
  nodes: nodes.map((name) => ({ name, runtime: new ProcessRuntime({ images }) })),
  nodeHealth: { leaseRenewMs: 1000, gracePeriodMs: 5000 },
  metrics: { syncPeriodMs },
});
const template = web('1', 1).spec!.template!;
const labels = { app: 'web' };
const deployment = await cluster.deployments.create({
  metadata: { name: 'web', namespace },
  spec: { replicas: 1, selector: { matchLabels: labels }, template: { ...template, metadata: { labels } } },
});
const service = await cluster.services.create({
  metadata: { name: 'web', namespace },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 8080, appProtocol: 'http' }] },
});
const autoscaler = await cluster.horizontalPodAutoscalers.create({
  metadata: { name: 'web', namespace },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 1,
    maxReplicas: 8,
    metrics: [
      {
        type: 'Object',
        object: {
          describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' },
          metric: { name: 'requests-per-second' },
          target: { type: 'AverageValue', averageValue: String(perPod) },
        },
      },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: short ? 2 : 10 } },
  },
});
await service.ready();
const stop = new AbortController();
const running = cluster.run({ signal: stop.signal });
const load = new PacedLoad(service.url() ?? '');
const screen = new Screen();
const history: { readonly load: number; readonly pods: number }[] = [];
const lost = new Set<string>();
const drawnEveryMs = 250;
/** One column of the history for each second. */
const columnFrames = 4;
let frame = 0;
const ready = (): number => deployment.pods().filter((pod) => pod.ready && pod.metadata.deletionTimestamp === undefined).length;

const measured = (quantity: string | number | undefined): string =>
  quantity === undefined ? '-' : Quantity.parse(quantity).toNumber().toFixed(1);

function draw(): void {
  if (frame++ % columnFrames === 0) history.push({ load: load.perSecond, pods: ready() });
  const recent = history.slice(-60);
  const pods = deployment.pods();
  const [metric] = autoscaler.metrics();
  screen.draw([
    '',
    `  load      ${screen.bar(load.perSecond, 100)} ${load.perSecond} requests/s`,
    `  pods      ${screen.bar(ready(), 8)} ${ready()} ready of ${deployment.spec.replicas ?? 1}`,
    `  per pod   ${measured(metric?.current?.averageValue)} requests/s, aimed at ${perPod}`,
    `  latency   ${load.latencyMs.toFixed(1)} ms, ${load.answered} answered, ${load.failed} failed`,
    `  a minute  ${screen.line(
      recent.map((each) => each.load),
      100,
    )}  load`,
    `            ${screen.line(
      recent.map((each) => each.pods),
      8,
    )}  pods`,
    ...nodes.map((node) => {
      const here = pods.filter((pod) => pod.spec.nodeName === node);
      const boxes = here.map((pod) => (pod.ready ? '●' : '○') + (pod.spec.containers[0]?.image ?? '').slice(-1));
      return `  ${node}    ${boxes.join(' ')}${lost.has(node) ? '  (lost)' : ''}`;
    }),
    '            ● ready  ○ not ready, with its version',
  ]);
}
const drawing = setInterval(draw, drawnEveryMs);

const until = (what: string, check: () => boolean): Promise<true> =>
  cluster.client.waitFor(
    what,
    () => (check() ? true : undefined),
    () => autoscaler.evidence(),
    { timeoutMs: 150_000 },
  );
const calm = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, calmMs));

load.perSecond = 5;
await calm();
screen.say(`${load.perSecond} requests/s: ${ready()} pod`);
load.perSecond = 90;
await until('eight pods', () => deployment.spec.replicas === 8 && ready() === 8);
screen.say(`${load.perSecond} requests/s: 8 pods`);
await calm();

const before = load.failed;
await deployment.setImage('web', 'web:2');
await deployment.rollout.wait({ timeoutMs: 150_000 });
screen.say(`version 2 is rolled out: ${load.failed - before} requests failed meanwhile`);
await calm();

await cluster.powerOff('node-3');
lost.add('node-3');
await until('eight pods without node-3', () => {
  const pods = deployment.pods().filter((pod) => pod.ready && pod.spec.nodeName !== 'node-3');
  return pods.length >= 8;
});
screen.say('node-3 is lost: 8 pods on node-1 and node-2');
await calm();

load.perSecond = 5;
await until('one pod', () => deployment.spec.replicas === 1 && ready() === 1);
screen.say(`${load.perSecond} requests/s: ${ready()} pod again`);

clearInterval(drawing);
await load.stop();
stop.abort();
await running;
screen.say(`${load.answered} requests answered, ${load.failed} failed`);
