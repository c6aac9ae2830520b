/**
 * What must not compile: each directive below demands an error in the line after it, so that `npm run typecheck` fails as soon as the
 * types let something through. Nothing here ever runs.
 */
import {
  Cluster,
  type AdmissionStep,
  type ClusterOptions,
  type Pod,
  type PodManifest,
  type ReplicationController,
  type SchedulerPlugin,
} from 'coxswain';
import { ProcessRuntime } from 'coxswain/runtimes/process';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';

declare const cluster: Cluster;
declare const pod: Pod;
declare const rc: ReplicationController;

const container = { name: 'c', image: 'web:1' };

export const manifests: readonly PodManifest[] = [
  { metadata: { name: 'fine' }, spec: { containers: [container] } },
  // @ts-expect-error a field that Pods do not have
  { metadata: { name: 'a' }, spec: { contaners: [container] } },
  // @ts-expect-error a Pod has containers
  { metadata: { name: 'a' }, spec: {} },
  // @ts-expect-error a container has a name
  { metadata: { name: 'a' }, spec: { containers: [{ image: 'web:1' }] } },
  // @ts-expect-error ports are numbers
  { metadata: { name: 'a' }, spec: { containers: [{ ...container, ports: [{ containerPort: '80' }] }] } },
  // @ts-expect-error a Pod is not a Service
  { kind: 'Service', metadata: { name: 'a' }, spec: { containers: [container] } },
  // @ts-expect-error labels are texts
  { metadata: { name: 'a', labels: { tier: 1 } }, spec: { containers: [container] } },
  // @ts-expect-error absent is not undefined
  { metadata: { name: 'a' }, spec: { containers: [container], nodeName: undefined } },
];

export async function verbs(): Promise<void> {
  await pod.waitFor('Ready');
  // @ts-expect-error a condition nobody knows
  await pod.waitFor('Redy');
  // @ts-expect-error a command is a list of words
  await pod.exec('ls -l');
  // @ts-expect-error a number of Pods
  await rc.scale('5');
  // @ts-expect-error a Pod has no scale
  await pod.scale(5);
  // @ts-expect-error what is read is frozen
  pod.spec.nodeName = 'n2';
  // @ts-expect-error lists are frozen too
  pod.spec.containers.push(container);
  // @ts-expect-error an address may not be there yet
  const ip: string = pod.ip;
  // @ts-expect-error an object that is not there is undefined
  const name: string = cluster.pods.get('web').name;
  // @ts-expect-error a kind of patch nobody knows
  await pod.patch({ type: 'xml', patch: {} });
  // @ts-expect-error one cannot expose a Pod: it has no selector
  await cluster.expose(pod, { port: 80 });
  // @ts-expect-error an event nobody tells of
  cluster.on('pods', () => undefined);
  // @ts-expect-error a pass tells a report, not a text
  cluster.on('pass', (report: string) => report);
  // @ts-expect-error only a cluster makes clusters
  new Cluster({});
  for await (const { type, object } of cluster.pods.watch()) {
    // @ts-expect-error a type of event nobody knows
    if (type === 'CHANGED') break;
    // @ts-expect-error a watch of Pods gives Pods
    console.log(object.clusterIP);
  }
  return void [ip, name];
}

export const options: readonly ClusterOptions[] = [
  { nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }] },
  // @ts-expect-error a node has a runtime
  { nodes: [{ name: 'n1' }] },
  // @ts-expect-error quantities are texts
  { nodes: [{ name: 'n1', runtime: new SimulatedRuntime(), capacity: { cpu: 4 } }] },
  // @ts-expect-error a taint has one of three effects
  { nodes: [{ name: 'n1', runtime: new SimulatedRuntime(), taints: [{ key: 'a', effect: 'NoWay' }] }] },
  // @ts-expect-error what happens to pods is one of two things
  { onHostDeath: 'leave' },
  // @ts-expect-error an option nobody reads
  { retries: 3 },
];

// @ts-expect-error an image has a command
export const runtime = new ProcessRuntime({ images: { 'web:1': { args: ['server.js'] } } });

export const plugin: SchedulerPlugin = {
  name: 'Mine',
  // @ts-expect-error a filter that cannot say why is no filter
  filter: () => false,
};

export const step: AdmissionStep = {
  name: 'mine',
  // @ts-expect-error what a step changes is an object, not a yes or no
  mutate: () => true,
};
