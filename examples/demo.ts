/**
 * `npm run demo`: the main job, told on the terminal. Real processes on three nodes behind one address; a process is killed, a node is
 * lost, a new version is rolled out, all under load. At the end an hour of a larger cluster, in virtual time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster, ManualClock, type ReplicationController, type Service } from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';
import { ask, Load } from './load.ts';
import { Story } from './story.ts';
import { images, web } from './web.ts';

const story = new Story();
const nodes = ['node-1', 'node-2', 'node-3'];

async function start(): Promise<Cluster> {
  story.title('Coxswain: a Kubernetes cluster in this process. No Docker, no daemon.');
  story.act(`A cluster of ${nodes.length} nodes`);
  const options = {
    nodeHealth: { leaseRenewMs: 2_000, gracePeriodMs: 6_000 },
    nodes: nodes.map((name) => ({ name, runtime: new ProcessRuntime({ images }) })),
  };
  return story.during('store, API, scheduler, controllers, kubelets, service proxy', Cluster.create(options));
}

async function deploy(cluster: Cluster): Promise<{ readonly rc: ReplicationController; readonly service: Service }> {
  story.act('A ReplicationController of 3 and a Service');
  const rc = await cluster.replicationControllers.create(web('1', 3));
  const service = await cluster.services.create({
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080, appProtocol: 'http' }] },
  });
  await story.during('three processes start and answer their readiness probes', rc.ready());
  await service.ready();
  for (const pod of rc.pods()) story.say(`${pod.name}  ${pod.ip}  on ${pod.nodeName}`);
  story.say(`${service.name}  ${service.url()}`);
  return { rc, service };
}

async function balance(url: string): Promise<void> {
  story.act('Requests are balanced');
  const load = new Load(url);
  await story.during('one second of requests', delay(1000));
  await load.stop();
  story.bars(load.answered);
}

/** Does something under load, waits, and says what the clients noticed. */
async function underLoad(url: string, deed: () => Promise<void>): Promise<void> {
  const load = new Load(url);
  await deed();
  await load.stop();
  story.say(`${load.total} requests meanwhile, ${load.failures.length} failed`);
}

async function killOne(cluster: Cluster, rc: ReplicationController, url: string): Promise<void> {
  story.act('kill -9');
  await underLoad(url, async () => {
    const { pod, pid } = await ask(url);
    process.kill(pid, 'SIGKILL');
    story.say(`killed process ${pid} of ${pod}`);
    const restarted = (): true | undefined =>
      rc.pods().some(({ name, status }) => name === pod && (status.containerStatuses?.[0]?.restartCount ?? 0) > 0) ? true : undefined;
    await story.during(
      'the kubelet starts it again',
      cluster.client.waitFor('a restart', restarted, () => rc.evidence()),
    );
    await story.during('three pods ready', rc.ready());
  });
}

async function notReady(cluster: Cluster, name: string): Promise<void> {
  await cluster.nodes.get(name)?.waitFor('NotReady', { timeoutMs: 60_000 });
}

async function loseNode(cluster: Cluster, rc: ReplicationController, url: string): Promise<void> {
  story.act('A node is lost');
  await underLoad(url, async () => {
    await cluster.powerOff('node-2');
    story.say('node-2 is switched off, with everything on it');
    await story.during('nobody hears of it for 6 s (by default, 50 s)', notReady(cluster, 'node-2'));
    const elsewhere = (): true | undefined => {
      const there = rc.pods().filter((pod) => pod.ready && pod.metadata.deletionTimestamp === undefined && pod.nodeName !== 'node-2');
      return there.length === 3 ? true : undefined;
    };
    await story.during(
      'its pods are replaced elsewhere',
      cluster.client.waitFor('replacements', elsewhere, () => rc.evidence()),
    );
  });
  for (const pod of rc.pods().filter(({ ready }) => ready)) story.say(`${pod.name}  ${pod.ip}  on ${pod.nodeName}`);
}

async function rollOut(cluster: Cluster, old: ReplicationController, url: string): Promise<void> {
  story.act('Version 2, one pod at a time');
  await underLoad(url, async () => {
    const next = await cluster.replicationControllers.create(web('2', 0));
    for (let i = 1; i <= 3; i++) {
      await next.scale(i);
      await next.ready();
      await story.during(
        `version 1: ${3 - i}, version 2: ${i}`,
        old.scale(3 - i).then((rc) => rc.ready()),
      );
    }
  });
  story.say(`the Service says: version ${(await ask(url)).version}`);
}

async function virtualHour(): Promise<void> {
  story.act('The same code, an hour of 50 nodes and 500 pods in virtual time');
  const started = performance.now();
  await using cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: Array.from({ length: 50 }, (_, i) => ({ name: `sim-${i}`, runtime: new SimulatedRuntime() })),
  });
  const rc = await cluster.run('web', 'web:1', { replicas: 500 });
  await story.during('500 pods run', rc.ready());
  for (const name of ['sim-7', 'sim-21', 'sim-42']) await cluster.powerOff(name);
  await story.during('three nodes are lost, an hour passes', cluster.advance('1h'));
  story.say(
    `${rc.status.readyReplicas} pods are ready, none on the lost nodes; all in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  );
}

const cluster = await start();
const stop = new AbortController();
// The cluster turns by itself, whatever this program waits for.
const running = cluster.run({ signal: stop.signal });
try {
  const { rc, service } = await deploy(cluster);
  const url = service.url() ?? '';
  await balance(url);
  await killOne(cluster, rc, url);
  await loseNode(cluster, rc, url);
  await rollOut(cluster, rc, url);
} finally {
  stop.abort();
  await running;
  await cluster.close();
}
await virtualHour();
story.title('The cluster is closed: no process, socket, timer or file is left.');
