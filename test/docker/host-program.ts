// A host of a cluster on Docker, to be killed: tsx host-program.ts {"name", "keep", "folder", "replicas", "relay"}
import { Cluster } from 'coxswain';
import { DockerRuntime } from 'coxswain/runtimes/docker';
import { LmdbStore } from 'coxswain/stores/lmdb';
import { testImages } from './test-images.ts';

interface Order {
  readonly name: string;
  readonly keep: boolean;
  readonly folder: string;
  readonly replicas: number;
  readonly relay: boolean;
}

const { name, keep, folder, replicas, relay } = JSON.parse(process.argv[2] ?? '') as Order;
const cluster = await Cluster.create({
  name,
  nodes: [{ name: 'n1', runtime: new DockerRuntime({ neverPull: true, relay }) }],
  stateDir: `${folder}/coxswain-state`,
  ...(keep ? { onHostDeath: 'keep' as const, store: new LmdbStore({ path: `${folder}/store` }) } : {}),
});
void cluster.run({ signal: new AbortController().signal });
const labels = { app: 'sleepers' };
const container = {
  name: 'main',
  image: testImages.base,
  command: ['sh', '-c', 'echo awake; trap "exit 0" TERM; while :; do sleep 0.1; done'],
};
let sleepers = cluster.replicationControllers.get('sleepers');
sleepers ??= await cluster.replicationControllers.create({
  metadata: { name: 'sleepers' },
  spec: {
    replicas,
    selector: labels,
    template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
  },
});
console.log('created');
await sleepers.ready();
const pods = sleepers.pods().map((pod) => `${pod.name} ${pod.ip} ${pod.status.containerStatuses?.[0]?.restartCount}`);
console.log(`ready ${JSON.stringify(pods.sort())}`);
process.on('SIGTERM', () => void cluster.close().then(() => process.exit(0)));
process.stdin.resume();
