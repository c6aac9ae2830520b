/**
 * A scheduler of one's own, beside the default one: it fills nodes one after the other, two pods each, for the pods that name it
 * in `spec.schedulerName`. A scheduler is asked for a plan and changes nothing itself: the loop binds, and tells it how that ended.
 *
 *     npx tsx examples/custom-scheduler.ts
 */
import {
  Cluster,
  ManualClock,
  nodeKind,
  podKind,
  type PlannedWrite,
  type PodExplanation,
  type Scheduler,
  type SchedulingPlan,
  type StoredObject,
  type ViewReader,
} from 'coxswain';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';

const podsPerNode = 2;

class FirstCome implements Scheduler {
  readonly name = 'first-come';

  handles(schedulerName: string): boolean {
    return schedulerName === this.name;
  }

  /** Whoever keeps a picture of its own is told of every change here; this one reads the view. */
  onChanges(): void {}

  schedule(view: ViewReader): SchedulingPlan {
    const free = view.list(nodeKind).map(({ metadata: { name } }) => ({ name, room: podsPerNode - podsOn(view, name) }));
    const writes: PlannedWrite[] = [];
    for (const pod of view.list(podKind)) {
      if (!this.handles(pod.spec?.schedulerName ?? '') || (pod.spec?.nodeName ?? '') !== '') continue;
      const node = free.find(({ room }) => room > 0);
      if (node === undefined) break;
      node.room--;
      writes.push({ verb: 'bind', pod: pod as StoredObject, nodeName: node.name });
    }
    return { writes, events: [], wakeAt: undefined, more: false };
  }

  /** A bind that failed is tried again with the next change, since it reads the view each time. */
  onWritten(): void {}

  explain(view: ViewReader, pod: StoredObject): PodExplanation {
    const nodes = view.list(nodeKind).map(({ metadata: { name } }) => {
      if (podsOn(view, name) < podsPerNode) return { node: name, feasible: true };
      const reasons = [`node has ${podsPerNode} pods already`];
      return { node: name, feasible: false, refusedBy: { plugin: this.name, reasons, resolvable: true } };
    });
    const full = nodes.every(({ feasible }) => !feasible);
    const message = full ? `first-come: every node has ${podsPerNode} pods already` : undefined;
    return { pod: `${pod.metadata.namespace}/${pod.metadata.name}`, message, nodes };
  }
}

const podsOn = (view: ViewReader, node: string): number => view.list(podKind).filter(({ spec }) => spec?.nodeName === node).length;

await using cluster = await Cluster.create({
  clock: new ManualClock(),
  seed: 1,
  extraSchedulers: [new FirstCome()],
  nodes: ['node-a', 'node-b'].map((name) => ({ name, runtime: new SimulatedRuntime() })),
});

const create = (name: string, schedulerName: string, nodeSelector: Readonly<Record<string, string>> = {}) =>
  cluster.pods.create({ metadata: { name }, spec: { schedulerName, nodeSelector, containers: [{ name: 'app', image: 'app:1' }] } });

await create('usual', 'default-scheduler', { 'kubernetes.io/hostname': 'node-b' });
for (const name of ['first', 'second', 'third', 'fourth']) await create(name, 'first-come');
await cluster.advance('5s');

for (const pod of cluster.pods.list()) {
  const by = pod.nodeName === undefined ? '' : `, bound by ${pod.spec.schedulerName}`;
  console.log(`${pod.name}: ${pod.nodeName ?? 'nowhere'}${by}`);
}
const waiting = cluster.pods.list().find(({ nodeName }) => nodeName === undefined);
if (waiting !== undefined) console.log(cluster.explain(waiting).message);
