/**
 * `npx tsx bench/docker/start-trace.ts [PODS [ROUNDS]]`: where the time of a start goes, and of an end. Prints, in milliseconds since
 * the pods were asked for, or deleted, each write of a Pod and each call of the engine with its beginning and end (of one pod), or how many calls there were and
 * how long they took (of several); and the CPU of this process for each pod.
 */
import { Cluster, SystemClock } from '../../src/index.ts';
import { Engine } from '../../src/runtimes/docker/engine.ts';
import { DockerRuntime } from '../../src/runtimes/docker-runtime.ts';
import type { PodManifest } from '../../src/api/generated/models.ts';
import { ensureTestImages, testEngine, testImages } from '../../test/docker/test-images.ts';

interface Step {
  readonly what: string;
  readonly begunMs: number;
  endedMs: number;
}

const [count = 1, rounds = 3] = process.argv.slice(2).map(Number);
let steps: Step[] = [];

/** Notes every call of an engine. */
function listenIn(): void {
  // Called with the engine as `this` below.
  // oxlint-disable-next-line typescript/unbound-method
  const { json } = Engine.prototype;
  Engine.prototype.json = async function <T>(this: Engine, ...args: Parameters<Engine['json']>): Promise<T> {
    const step = { what: args[0], begunMs: performance.now(), endedMs: Number.NaN };
    steps.push(step);
    try {
      return (await json.apply(this, args)) as T;
    } finally {
      step.endedMs = performance.now();
    }
  };
}

const cpuMs = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1000;

function print(sinceMs: number): void {
  if (count === 1) {
    for (const { what, begunMs, endedMs } of steps)
      console.log(`  ${(begunMs - sinceMs).toFixed(1).padStart(7)} .. ${(endedMs - sinceMs).toFixed(1).padStart(7)}  ${what}`);
    return;
  }
  for (const what of new Set(steps.map((step) => step.what))) {
    const each = steps.filter((step) => step.what === what);
    const ms = each.reduce((sum, { begunMs, endedMs }) => sum + endedMs - begunMs, 0) / each.length;
    console.log(`  ${String(each.length).padStart(4)} x ${what}, ${ms.toFixed(1)} ms`);
  }
}

const clock = new SystemClock();
const engine = await testEngine();
await ensureTestImages(engine, 'base');
listenIn();
const runtime = new DockerRuntime({ neverPull: true });
const cluster = await Cluster.create({ name: `trace-${process.pid}`, nodes: [{ name: 'n1', runtime, capacity: { pods: '500' } }] });
const stop = new AbortController();
const running = cluster.run({ signal: stop.signal });
cluster.on('change', ({ type, object }) => {
  if (object.kind !== 'Pod') return;
  const { spec, status } = object as unknown as PodManifest;
  const ready = status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  const now = performance.now();
  steps.push({
    what: `Pod ${type}: ${spec?.nodeName ?? 'no node'}, ${status?.phase ?? ''}${ready ? ', ready' : ''}`,
    begunMs: now,
    endedMs: now,
  });
});
const spec = {
  terminationGracePeriodSeconds: 0,
  containers: [{ name: 'main', image: testImages.base, command: ['sleep', '100000'] }],
};
for (let round = 0; round < rounds; round++) {
  const app = `trace-${round}`;
  steps = [];
  const [sinceMs, sinceCpuMs] = [performance.now(), cpuMs()];
  const template = { metadata: { labels: { app } }, spec };
  const web = await cluster.replicationControllers.create({
    metadata: { name: app },
    spec: { replicas: count, selector: { app }, template },
  });
  await web.ready();
  console.log(
    `${count} ready in ${(performance.now() - sinceMs).toFixed(0)} ms; CPU here ${((cpuMs() - sinceCpuMs) / count).toFixed(1)} ms a pod`,
  );
  print(sinceMs);
  steps = [];
  const [endingMs, endingCpuMs] = [performance.now(), cpuMs()];
  await web.scale(0);
  await web.delete();
  const query = { all: true, filters: JSON.stringify({ label: [`coxswain.cluster=trace-${process.pid}`] }) };
  while ((await engine.json<readonly unknown[]>('look for what is left', { method: 'GET', path: '/containers/json', query })).length > 0)
    await clock.sleep(50);
  steps = steps.filter(({ what }) => what !== 'look for what is left');
  console.log(
    `${count} gone in ${(performance.now() - endingMs).toFixed(0)} ms; CPU here ${((cpuMs() - endingCpuMs) / count).toFixed(1)} ms a pod`,
  );
  print(endingMs);
}
stop.abort();
await running;
await cluster.close();
engine.close();
