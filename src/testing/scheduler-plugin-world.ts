import assert from 'node:assert/strict';
import type { NodeManifest, PodManifest } from '../api/generated/models.ts';
import { deepFreeze, type Stored } from '../api/object.ts';
import { SeededRandom } from '../env/seeded-random.ts';
import { FilterRun } from '../scheduler/filter-run.ts';
import type { NodeInfo } from '../scheduler/node-info.ts';
import type { AnyPlugin, NodeSet, Refusal } from '../scheduler/plugin.ts';
import type { PodInfo } from '../scheduler/pod-info.ts';
import { PodInterner } from '../scheduler/pod-interner.ts';
import { SchedulerCache } from '../scheduler/scheduler-cache.ts';

/** What a plugin is tried on. The more of what it looks at is among them, the more the suite finds. */
export interface PluginFixture {
  /** Made anew at each call. */
  readonly plugin: () => AnyPlugin;
  /** Nodes besides those of the suite, which have zones, taints, little or much room. */
  readonly nodes?: readonly NodeManifest[];
  /** Pods besides those of the suite, which have requests, ports, tolerations, affinities. */
  readonly pods?: readonly PodManifest[];
}

const zoneKey = 'topology.kubernetes.io/zone';

const suiteNodes: readonly NodeManifest[] = [0, 1, 2, 3, 4, 5].map((i) => {
  const allocatable = { cpu: String(1 + (i % 3)), memory: `${1 + i}Gi`, pods: i === 5 ? '1' : '10' };
  return {
    metadata: { name: `node-${i}`, labels: { 'kubernetes.io/hostname': `node-${i}`, ...(i === 4 ? {} : { [zoneKey]: `zone-${i % 2}` }) } },
    spec: { unschedulable: i === 3, taints: i === 2 ? [{ key: 'dedicated', value: 'db', effect: 'NoSchedule' }] : [] },
    status: { allocatable, capacity: allocatable },
  };
});

const container = (cpu: string, hostPort?: number) => ({
  name: 'main',
  image: 'image:1',
  resources: { requests: { cpu, memory: '256Mi' } },
  ...(hostPort === undefined ? {} : { ports: [{ containerPort: 80, hostPort }] }),
});
const near = (app: string, topologyKey: string) => ({
  requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app } } }],
});

const suitePods: readonly PodManifest[] = [
  { metadata: { labels: { app: 'a' } }, spec: { containers: [container('100m')] } },
  { metadata: { labels: { app: 'b' } }, spec: { containers: [container('1500m')], tolerations: [{ operator: 'Exists' }] } },
  { metadata: { labels: { app: 'b' } }, spec: { containers: [container('200m', 80)] } },
  { metadata: { labels: { app: 'a' } }, spec: { containers: [container('200m')], nodeSelector: { [zoneKey]: 'zone-1' } } },
  {
    metadata: { labels: { app: 'a' } },
    spec: { containers: [container('100m')], affinity: { podAntiAffinity: near('a', 'kubernetes.io/hostname') } },
  },
  { metadata: { labels: { app: 'b' } }, spec: { containers: [container('100m')], affinity: { podAffinity: near('a', zoneKey) } } },
  {
    metadata: { labels: { app: 'c' } },
    spec: {
      containers: [container('100m')],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: zoneKey, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'c' } } },
      ],
    },
  },
];

/** A few nodes and pods, and a plugin to be asked about them. Everything follows from the seed. */
export class SchedulerPluginWorld {
  readonly plugin: AnyPlugin;
  readonly cache = new SchedulerCache();
  readonly random: SeededRandom;
  readonly #interner = new PodInterner(this.cache.resources);
  readonly #nodes: readonly NodeManifest[];
  readonly #pods: readonly PodManifest[];
  #made = 0;

  constructor(fixture: PluginFixture, seed: number) {
    this.plugin = fixture.plugin();
    this.random = new SeededRandom(seed);
    this.#nodes = [...suiteNodes, ...(fixture.nodes ?? [])];
    this.#pods = [...suitePods, ...(fixture.pods ?? [])];
    for (const node of this.#nodes) this.putNode(node);
  }

  /** One pod of each kind, none of them placed. */
  samples(): readonly PodInfo[] {
    return this.#pods.map((manifest) => this.pod(manifest));
  }

  /** A new pod of some kind. */
  randomPod(): PodInfo {
    return this.pod(this.#pods[this.random.integer(this.#pods.length)]!);
  }

  /** A pod from a manifest, with a name of its own. */
  pod(manifest: PodManifest): PodInfo {
    this.#made++;
    const { namespace = 'default', ...metadata } = manifest.metadata ?? {};
    const name = `pod-${this.#made}`;
    return this.#interner.podInfo(
      this.#stored('Pod', { ...manifest, metadata: { ...metadata, namespace, name } }, `pod-${this.#made}`) as Stored<PodManifest>,
    );
  }

  putNode(manifest: NodeManifest): NodeInfo {
    return this.cache.setNode(this.#stored('Node', manifest, `node-${manifest.metadata?.name ?? ''}`) as Stored<NodeManifest>);
  }

  get nodes(): readonly NodeInfo[] {
    return [...this.cache.nodes()];
  }

  randomNode(): NodeInfo {
    const { nodes } = this;
    return nodes[this.random.integer(nodes.length)]!;
  }

  /** Places and removes pods and changes nodes, so that things are as they may be after a while. */
  live(steps: number): void {
    const placed: PodInfo[] = [];
    for (let step = 0; step < steps; step++) {
      const dice = this.random.integer(10);
      if (dice < 7) {
        const pod = this.randomPod();
        this.cache.addPod(pod, this.randomNode().name);
        placed.push(pod);
      } else if (dice < 9) {
        const [pod] = placed.splice(this.random.integer(Math.max(1, placed.length)), 1);
        if (pod !== undefined) this.cache.removePod(pod.uid);
      } else this.relabel(this.randomNode());
    }
  }

  /** Gives a node other labels and taints, as somebody might. */
  relabel(node: NodeInfo): NodeInfo {
    const object = node.object!;
    const zone = ['zone-0', 'zone-1', undefined][this.random.integer(3)];
    const { [zoneKey]: _zone, ...labels } = node.labels;
    const taints = this.random.integer(2) === 0 ? [] : [{ key: 'dedicated', value: 'web', effect: 'NoSchedule' }];
    return this.putNode({
      ...object,
      metadata: { ...object.metadata, labels: { ...labels, ...(zone === undefined ? {} : { [zoneKey]: zone }) } },
      spec: { ...object.spec, taints, unschedulable: this.random.integer(3) === 0 },
    });
  }

  /** Why the plugin refuses the pod on each node, by PreFilter or Filter; nothing for nodes it does not refuse. */
  refusals(pod: PodInfo): ReadonlyMap<string, Refusal> {
    const run = new FilterRun([this.plugin], pod, this.cache);
    return new Map(
      this.nodes.flatMap((node) => {
        const refusal = run.refusal(node);
        return refusal === undefined ? [] : [[node.name, refusal] as const];
      }),
    );
  }

  /** What the plugin gives each of the nodes, normalised; undefined if it does not score the pod. */
  scores(pod: PodInfo, nodes: readonly NodeInfo[] = this.nodes, atOnce = false): readonly number[] | undefined {
    const { score, scoreAll, preScore, normalizeScore } = this.plugin;
    if (score === undefined) return undefined;
    const feasible: NodeSet = { indexes: Int32Array.from(nodes, ({ index }) => index), count: nodes.length };
    const early = (this.plugin.scoreReads ?? 'cluster') !== 'cluster';
    const result = preScore?.call(this.plugin, pod, this.cache, early ? { indexes: new Int32Array(0), count: 0 } : feasible);
    if (result?.skip === true) return undefined;
    const values = new Float64Array(nodes.length);
    if (atOnce) {
      assert.ok(scoreAll !== undefined, 'scoreAll is there');
      scoreAll.call(this.plugin, pod, feasible, values, result?.state);
    } else for (const [i, node] of nodes.entries()) values[i] = score.call(this.plugin, pod, node, result?.state);
    normalizeScore?.call(this.plugin, values, feasible, result?.state);
    return [...values];
  }

  #stored(kind: string, manifest: object, uid: string): object {
    const { metadata = {} } = manifest as { readonly metadata?: object };
    return deepFreeze(
      structuredClone({
        apiVersion: 'v1',
        kind,
        ...manifest,
        metadata: { uid, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
      }),
    );
  }
}
