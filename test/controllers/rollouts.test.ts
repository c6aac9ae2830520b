import { afterEach, describe, expect, it } from 'vitest';
import { Cluster, ManualClock, type Deployment } from '../../src/index.ts';
import { eventKind } from '../../src/kinds/event.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

let cluster: Cluster | undefined;
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
});

async function newCluster(nodes = 2): Promise<Cluster> {
  const images = { 'web:missing': { exists: false }, 'web:slow': { readyAfterMs: 3_600_000 } };
  cluster = await Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: Array.from({ length: nodes }, (_, i) => ({ name: `n${i + 1}`, runtime: new SimulatedRuntime({ images }) })),
  });
  return cluster;
}

const template = (image = 'web:1', readiness = false): object => ({
  metadata: { labels: { app: 'web' } },
  spec: {
    containers: [
      { name: 'main', image, ...(readiness ? { readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1, failureThreshold: 1 } } : {}) },
    ],
  },
});
const spec = (replicas: number, rest: object = {}): never =>
  ({ replicas, selector: { matchLabels: { app: 'web' } }, template: template(), ...rest }) as never;

async function deploy(replicas: number, rest: object = {}): Promise<Deployment> {
  const web = await (await newCluster()).deployments.create({ metadata: { name: 'web' }, spec: spec(replicas, rest) });
  await web.ready();
  return web;
}

/** Ready, and the Pods of old versions are gone, which a rollout does not wait for. */
async function rolledOut(web: { ready(): Promise<unknown> }): Promise<void> {
  await web.ready();
  await cluster!.settle();
}

const messages = (name: string): readonly (string | undefined)[] =>
  cluster!.client
    .list(eventKind)
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason}: ${message}`);

describe('ReplicaSets and ReplicationControllers', () => {
  it.each([
    ['web:missing', 'IfNotPresent', 'ImagePullBackOff'],
    ['web:missing', 'Never', 'ErrImageNeverPull'],
    ['we b:1', 'IfNotPresent', 'InvalidImageName'],
  ])('a wait for Pods of the image %s (%s) fails with %s, unless they are no longer wanted', async (image, imagePullPolicy, reason) => {
    const { clock, replicaSets, replicationControllers } = await newCluster();
    const pods = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image, imagePullPolicy }] } };
    const began = clock.now();
    for (const web of [
      await replicaSets.create({ metadata: { name: 'set' }, spec: spec(2, { template: pods }) }),
      await replicationControllers.create({ metadata: { name: 'rc' }, spec: { replicas: 2, template: pods } as never }),
    ]) {
      const failed: unknown = await web.ready().catch((error: unknown) => error);
      expect(failed).toMatchObject({ code: 'WAIT_FAILED' });
      expect((failed as Error).message).toMatch(
        new RegExp(`${web.name} will not have 2 ready Pods: pod ${web.name}-.*: ${reason}[^]*Normal Scheduled`),
      );
      await web.scale(0);
      await web.ready();
    }
    expect(clock.now() - began).toBeLessThan(60_000);
  });

  it('a wait lets a lack of nodes pass', async () => {
    const { replicaSets } = await newCluster(0);
    const web = await replicaSets.create({ metadata: { name: 'set' }, spec: spec(2) });
    await expect(web.ready()).rejects.toMatchObject({ code: 'WAIT_TIMEOUT' });
  });
});

describe('Deployments', () => {
  it('come up with the conditions, annotations, labels and Events of Kubernetes', async () => {
    const web = await deploy(3);
    const [set] = web.replicaSets();
    const hash = set!.metadata.labels?.['pod-template-hash'];
    expect(set!.name).toBe(`web-${hash}`);
    expect(web.metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(set!.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    });
    expect(set!.spec.selector.matchLabels).toEqual({ app: 'web', 'pod-template-hash': hash });
    expect(web.pods().every((pod) => pod.metadata.labels?.['pod-template-hash'] === hash)).toBe(true);
    const said = (web.status.conditions ?? []).map(({ type, status, reason, message }) => ({ type, status, reason, message }));
    expect(said).toHaveLength(2);
    expect(said).toContainEqual({
      type: 'Available',
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    });
    expect(said).toContainEqual({
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: `ReplicaSet "${set!.name}" has successfully progressed.`,
    });
    expect(messages('web')).toContain(`ScalingReplicaSet: Scaled up replica set ${set!.name} from 0 to 3`);
  });

  it('roll on, back, and back to a revision; a restart is a version too', async () => {
    const web = await deploy(2);
    await web.setImage('main', 'web:2');
    await rolledOut(web);
    expect(web.pods().map((pod) => pod.spec.containers[0]!.image)).toEqual(['web:2', 'web:2']);
    expect(web.rollout.history().map(({ revision }) => revision)).toEqual([1, 2]);
    await web.undo();
    await rolledOut(web);
    expect(web.pods().map((pod) => pod.spec.containers[0]!.image)).toEqual(['web:1', 'web:1']);
    expect(web.rollout.history().map(({ revision }) => revision)).toEqual([2, 3]);
    expect(web.replicaSets()).toHaveLength(2);
    await web.undo({ toRevision: 2 });
    await rolledOut(web);
    expect(web.spec.template.spec?.containers[0]!.image).toBe('web:2');
    const before = web.pods().map((pod) => pod.name);
    await web.rollout.restart();
    await rolledOut(web);
    expect(web.pods().some((pod) => before.includes(pod.name))).toBe(false);
    expect(web.rollout.status()).toEqual({ done: true, message: 'deployment "web" successfully rolled out' });
  });

  it('wait while paused, and scale all the same', async () => {
    const web = await deploy(2);
    await web.rollout.pause();
    await web.setImage('main', 'web:2');
    await web.scale(4);
    await cluster!.settle();
    expect(web.replicaSets()).toHaveLength(1);
    expect(web.pods()).toHaveLength(4);
    expect(web.status.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'Unknown',
      reason: 'DeploymentPaused',
    });
    await expect(web.undo()).rejects.toThrow('it is paused; resume it first');
    await web.rollout.resume();
    await rolledOut(web);
    expect(web.pods().every((pod) => pod.spec.containers[0]!.image === 'web:2')).toBe(true);
  });

  it('keep maxUnavailable at every moment', async () => {
    const web = await deploy(5, { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } });
    let least = 5;
    let most = 5;
    cluster!.on('change', ({ object }) => {
      if (object.kind !== 'Pod') return;
      const live = web.pods().filter((pod) => pod.metadata.deletionTimestamp === undefined);
      least = Math.min(least, live.filter((pod) => pod.ready).length);
      most = Math.max(most, live.length);
    });
    await web.setImage('main', 'web:2');
    await web.ready();
    expect(least).toBe(4);
    expect(most).toBe(6);
  });

  it('share a new number among versions in proportion', async () => {
    const web = await deploy(10, { strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } });
    await web.patch({ type: 'strategic', patch: { spec: { template: template('web:slow', true) } } });
    await cluster!.settle();
    const sizes = (): readonly (number | undefined)[] => web.replicaSets().map((set) => set.spec.replicas);
    // The example of Kubernetes' documentation: 8 and 5 become 11 and 7.
    expect(sizes()).toEqual([8, 5]);
    await web.scale(15);
    await cluster!.settle();
    expect(sizes()).toEqual([11, 7]);
  });

  it('that miss their deadline say so, and whoever waits is told why at once', async () => {
    const web = await deploy(2, { progressDeadlineSeconds: 60 });
    await web.patch({ type: 'strategic', patch: { spec: { template: template('web:slow', true) } } });
    await expect(web.rollout.wait({ timeoutMs: 3_600_000 })).rejects.toThrow(/exceeded its progress deadline/);
    expect(web.status.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      status: 'False',
      reason: 'ProgressDeadlineExceeded',
      message: expect.stringMatching(/^ReplicaSet "web-.*" has timed out progressing\.$/) as string,
    });
  });

  it('that cannot pull their image fail whoever waits at once', async () => {
    const web = await deploy(1);
    await web.setImage('main', 'web:missing');
    await expect(web.rollout.wait()).rejects.toThrow(/ErrImagePull|ImagePullBackOff/);
  });

  it('with Recreate never run two versions at a time', async () => {
    const web = await deploy(3, { strategy: { type: 'Recreate' } });
    let both = false;
    cluster!.on('change', () => {
      const live = web.pods().filter(({ phase }) => phase !== 'Succeeded' && phase !== 'Failed');
      both ||= new Set(live.map((pod) => pod.spec.containers[0]!.image)).size > 1;
    });
    await web.setImage('main', 'web:2');
    await rolledOut(web);
    expect(both).toBe(false);
    expect(web.pods()).toHaveLength(3);
  });
});

describe('StatefulSets and DaemonSets', () => {
  it('give each Pod its name, host name, labels and claims, in order', async () => {
    const db = await (await newCluster()).statefulSets.create({ metadata: { name: 'web' }, spec: spec(3, { serviceName: 'peers' }) });
    await rolledOut(db);
    expect(db.pods().map((pod) => pod.name)).toEqual(['web-0', 'web-1', 'web-2']);
    const [first] = db.pods();
    expect(first!.spec).toMatchObject({ hostname: 'web-0', subdomain: 'peers' });
    expect(first!.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': 'web-0',
      'apps.kubernetes.io/pod-index': '0',
      'controller-revision-hash': db.status.currentRevision,
    });
    expect(messages('web')).toContain('SuccessfulCreate: create Pod web-0 in StatefulSet web successful');
    await db.patch({ type: 'strategic', patch: { spec: { template: template('web:2') } } });
    await rolledOut(db);
    await db.rollout.undo();
    await rolledOut(db);
    expect(db.pods().every((pod) => pod.spec.containers[0]!.image === 'web:1')).toBe(true);
  });

  it('run on every node, pinned to it, and put up with its troubles', async () => {
    const { daemonSets } = await newCluster(3);
    const { replicas: _replicas, ...rest } = spec(0) as { replicas: number; selector: never; template: never };
    const agent = await daemonSets.create({ metadata: { name: 'web' }, spec: rest });
    await rolledOut(agent);
    expect(
      agent
        .pods()
        .map((pod) => pod.nodeName ?? '')
        .sort(),
    ).toEqual(['n1', 'n2', 'n3']);
    const [pod] = agent.pods();
    expect(pod!.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms).toEqual([
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: [pod!.nodeName] }] },
    ]);
    expect(pod!.spec.tolerations).toContainEqual({ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' });
    await agent.patch({ type: 'strategic', patch: { spec: { template: template('web:2') } } });
    await rolledOut(agent);
    expect(agent.rollout.history().map(({ revision }) => revision)).toEqual([1, 2]);
    await agent.rollout.undo();
    await rolledOut(agent);
    expect(agent.pods().every((each) => each.spec.containers[0]!.image === 'web:1')).toBe(true);
  });
});
