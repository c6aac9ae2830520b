import type { KindDescriptor } from '../../src/api/kind.ts';
import type { KubeObject, StoredObject } from '../../src/api/object.ts';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { cronJobKind } from '../../src/kinds/cron-job.ts';
import { horizontalPodAutoscalerKind } from '../../src/kinds/horizontal-pod-autoscaler.ts';
import { jobKind } from '../../src/kinds/job.ts';
import { persistentVolumeClaimKind } from '../../src/kinds/persistent-volume-claim.ts';
import { podDisruptionBudgetKind } from '../../src/kinds/pod-disruption-budget.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { resourceQuotaKind } from '../../src/kinds/resource-quota.ts';
import { serviceKind } from '../../src/kinds/service.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';

const secondsMax = 1200;

/** A cluster in virtual time, its nodes ready, nothing on them. */
export function workloadCluster(nodes: number): Promise<Cluster> {
  return Cluster.create({
    clock: new ManualClock(),
    seed: 1,
    nodes: Array.from({ length: nodes }, (_, i) => ({ name: `node-${i}`, runtime: new SimulatedRuntime() })),
  });
}

export const template = (version: number, app = 'web'): object => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'web', image: `web:${version}` }] },
});

export async function createWorkload(cluster: Cluster, kind: KindDescriptor, spec: object, name = 'web'): Promise<void> {
  const manifest = {
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: { app: name } }, template: template(1, name), ...spec },
  };
  await cluster.client.create(kind, manifest as KubeObject);
}

/** What goes with workloads: a Job of 100 Pods, a CronJob, a Service, a budget, an autoscaler, a quota, a claim. */
export function besides(): readonly (readonly [KindDescriptor, KubeObject])[] {
  const metadata = { name: 'web', namespace: 'default' };
  const task = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'task' }] } };
  const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
  const storage = { resources: { requests: { storage: '1Gi' } }, accessModes: ['ReadWriteOnce'], storageClassName: 'none' };
  const specs: readonly (readonly [unknown, object])[] = [
    [jobKind, { parallelism: 100, completions: 1000, template: task }],
    [cronJobKind, { schedule: '0 3 * * *', jobTemplate: { spec: { template: task } } }],
    [serviceKind, { selector: { app: 'web' }, ports: [{ port: 80 }] }],
    [podDisruptionBudgetKind, { maxUnavailable: '10%', selector: { matchLabels: { app: 'web' } } }],
    [horizontalPodAutoscalerKind, { scaleTargetRef: target, minReplicas: 100, maxReplicas: 200 }],
    [resourceQuotaKind, { hard: { pods: '2000' } }],
    [persistentVolumeClaimKind, storage],
  ];
  return specs.map(([kind, spec]) => [kind as KindDescriptor, { metadata, spec } as KubeObject]);
}

/** Virtual time goes on, second by second, until something holds. */
export async function until(cluster: Cluster, what: string, holds: () => boolean): Promise<void> {
  for (let second = 0; !holds(); second++) {
    if (second === secondsMax) throw new Error(`expected ${what} after ${secondsMax} virtual seconds`);
    await cluster.advance('1s');
  }
}

export const runningPods = (cluster: Cluster): number =>
  cluster.view.list(podKind).filter(({ status }) => status?.phase === 'Running').length;

/** Counts writes from now on, by kind and by object. */
export class WriteCount {
  readonly byKind = new Map<string, number>();
  readonly byPod = new Map<string, number>();

  constructor(cluster: Cluster) {
    cluster.on('change', ({ object }: { readonly object: StoredObject }) => {
      this.byKind.set(object.kind, (this.byKind.get(object.kind) ?? 0) + 1);
      if (object.kind === 'Pod') this.byPod.set(object.metadata.uid, (this.byPod.get(object.metadata.uid) ?? 0) + 1);
    });
  }

  of(kind: string): number {
    return this.byKind.get(kind) ?? 0;
  }
}
