import type { Client } from '../../api/client.ts';
import type { PodTemplateSpec } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject } from '../../api/object.ts';
import type { Random } from '../../env/random.ts';
import { cronJobKind } from '../../kinds/cron-job.ts';
import { daemonSetKind } from '../../kinds/daemon-set.ts';
import { deploymentKind } from '../../kinds/deployment.ts';
import { horizontalPodAutoscalerKind } from '../../kinds/horizontal-pod-autoscaler.ts';
import { jobKind } from '../../kinds/job.ts';
import { nodeKind } from '../../kinds/node.ts';
import { localProvisioner } from '../../kinds/persistent-volume/local-volumes.ts';
import { podKind } from '../../kinds/pod.ts';
import { podDisruptionBudgetKind } from '../../kinds/pod-disruption-budget.ts';
import { replicaSetKind } from '../../kinds/replica-set.ts';
import { replicationControllerKind } from '../../kinds/replication-controller.ts';
import { resourceQuotaKind } from '../../kinds/resource-quota.ts';
import { serviceKind } from '../../kinds/service.ts';
import { statefulSetKind } from '../../kinds/stateful-set.ts';
import { storageClassKind } from '../../kinds/storage-class.ts';

/** What a Job's container does: it ends after a while, mostly well. */
export const taskImage = 'task:1';

const kinds = {
  rc: replicationControllerKind,
  rs: replicaSetKind,
  deploy: deploymentKind,
  ds: daemonSetKind,
  sts: statefulSetKind,
  job: jobKind,
  cron: cronJobKind,
} as unknown as Readonly<Record<string, KindDescriptor>>;
const scaled = ['rc', 'rs', 'deploy', 'sts'];
const rolled = ['deploy', 'ds', 'sts'];
const ownersMax = 5;
const namespace = 'default';

const disk = {
  metadata: { name: 'disk' },
  spec: { storageClassName: 'disk', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
/** One Pod for ten in the queue, from one to six. */
const autoscaling = (name: string) => ({
  scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
  minReplicas: 1,
  maxReplicas: 6,
  metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } } }],
});

interface Owner {
  readonly name: string;
  readonly sort: string;
}

/** The workloads of a simulated cluster, and what people do to them: scale, roll out, roll back, delete, drain, taint. */
export class SimulatedWorkloads {
  readonly #random: Random;
  readonly #client: () => Client;
  readonly #owners: Owner[] = [];
  /** What autoscalers measure: the length of a queue, of which each Pod takes ten. */
  queue = 20;
  #versions = 1;

  constructor(random: Random, client: () => Client) {
    this.#random = random;
    this.#client = client;
  }

  async populate(): Promise<void> {
    // A ReplicationController always, so that seeds stay comparable; of the others what chance brings.
    const sorts = ['rc', ...Array.from({ length: 1 + this.#random.integer(ownersMax - 1) }, () => this.#pick(Object.keys(kinds))!)];
    await this.#createSurroundings();
    for (const [i, sort] of sorts.entries()) await this.#create({ name: `${sort}-${i}`, sort });
  }

  /** Something that people do. The store may refuse it: then nobody does it again. */
  async disturb(): Promise<void> {
    const deeds = [
      () => this.#scale(),
      () => this.#roll(),
      () => this.#deletePod(),
      () => this.#evictPod(),
      () => this.#cordon(),
      () => this.#pause(),
      () => this.#changeQueue(),
    ];
    await this.#pick(deeds)!().catch(() => undefined);
  }

  /** Nothing that people do is left halfway: nodes take Pods again, rollouts go on, no CronJob starts anything new. */
  async calm(): Promise<void> {
    for (const node of this.#client().list(nodeKind))
      if (node.spec?.unschedulable === true)
        await this.#patch(nodeKind as KindDescriptor, node.metadata.name, { spec: { unschedulable: null } });
    for (const { name, sort } of this.#owners) {
      if (sort === 'deploy') await this.#patch(kinds['deploy']!, name, { spec: { paused: null } });
      if (sort === 'cron') await this.#patch(kinds['cron']!, name, { spec: { suspend: true } });
    }
  }

  async #create({ name, sort }: Owner): Promise<void> {
    await this.#client().create(kinds[sort]!, { metadata: { name, namespace }, spec: this.#specOf(sort, name) } as KubeObject);
    this.#owners.push({ name, sort });
    const metadata = { name, namespace };
    if (sort !== 'job' && sort !== 'cron')
      await this.#client().create(serviceKind, { metadata, spec: { selector: { app: name }, ports: [{ port: 80 }] } });
    if (sort === 'deploy') await this.#client().create(horizontalPodAutoscalerKind, { metadata, spec: autoscaling(name) });
    if (sort !== 'deploy' && sort !== 'sts') return;
    const spec = { maxUnavailable: 1, selector: { matchLabels: { app: name } } };
    await this.#client().create(podDisruptionBudgetKind, { metadata, spec });
  }

  /** Where volumes come from, and what the namespace may use. */
  async #createSurroundings(): Promise<void> {
    const storage = { provisioner: localProvisioner, volumeBindingMode: 'WaitForFirstConsumer', reclaimPolicy: 'Delete' };
    await this.#client().create(storageClassKind, { metadata: { name: 'disk' }, ...storage });
    const hard = { pods: '500', 'requests.storage': '500Gi', 'count/jobs.batch': '500' };
    await this.#client().create(resourceQuotaKind, { metadata: { name: 'all', namespace }, spec: { hard } });
  }

  #specOf(sort: string, name: string): object {
    const replicas = 1 + this.#random.integer(8);
    const template = this.#template(name, 1);
    const selector = { matchLabels: { app: name } };
    const task = this.#template(name, 0);
    const job = { completions: replicas, parallelism: 1 + this.#random.integer(3), backoffLimit: 1000, template: task };
    switch (sort) {
      case 'rc':
        return { replicas, selector: { app: name }, template };
      case 'ds':
        return {
          selector,
          template,
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: this.#pick([{ maxUnavailable: 1 }, { maxSurge: 1, maxUnavailable: 0 }]) },
        };
      case 'deploy':
        return {
          replicas,
          selector,
          template,
          strategy: this.#pick([{ type: 'Recreate' }, {}, { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }]),
        };
      case 'sts':
        return {
          replicas,
          selector,
          template,
          serviceName: name,
          podManagementPolicy: this.#pick(['OrderedReady', 'Parallel']),
          ...(this.#random.next() < 0.5 ? { volumeClaimTemplates: [disk] } : {}),
        };
      case 'job':
        return job;
      case 'cron':
        return {
          schedule: '*/2 * * * *',
          concurrencyPolicy: this.#pick(['Allow', 'Forbid', 'Replace']),
          jobTemplate: { spec: { ...job, completions: 2 } },
        };
      default:
        return { replicas, selector, template };
    }
  }

  #template(app: string, version: number): PodTemplateSpec {
    const requests = { cpu: `${100 * (1 + this.#random.integer(3))}m` };
    const image = version === 0 ? taskImage : `${app}:${version}`;
    const labels = { app };
    return {
      metadata: { labels },
      spec: {
        ...(version === 0 ? { restartPolicy: this.#pick(['Never', 'OnFailure'])! } : {}),
        containers: [{ name: 'main', image, resources: { requests } }],
      },
    };
  }

  async #scale(): Promise<void> {
    const owner = this.#pick(this.#owners.filter(({ sort }) => scaled.includes(sort)));
    if (owner !== undefined) await this.#patch(kinds[owner.sort]!, owner.name, { spec: { replicas: this.#random.integer(9) } });
  }

  async #changeQueue(): Promise<void> {
    this.queue = this.#random.integer(70);
  }

  /** On to a new version, or back to the first one. */
  async #roll(): Promise<void> {
    const owner = this.#pick(this.#owners.filter(({ sort }) => rolled.includes(sort)));
    if (owner === undefined) return;
    const version = this.#random.next() < 0.3 ? 1 : ++this.#versions;
    const env = [{ name: 'VERSION', value: String(version) }];
    const patch = { spec: { template: { spec: { containers: [{ name: 'main', env }] } } } };
    await this.#client().patch(kinds[owner.sort]!, { namespace, name: owner.name }, { type: 'strategic', patch });
  }

  async #deletePod(): Promise<void> {
    const pod = this.#pick(this.#client().list(podKind));
    if (pod !== undefined) await this.#client().delete(podKind, { namespace, name: pod.metadata.name });
  }

  async #evictPod(): Promise<void> {
    const pod = this.#pick(
      this.#client()
        .list(podKind)
        .filter(({ status }) => status?.phase === 'Running'),
    );
    if (pod !== undefined) await this.#client().evict({ namespace, name: pod.metadata.name }, { timeoutMs: 1 });
  }

  async #cordon(): Promise<void> {
    const node = this.#pick(this.#client().list(nodeKind));
    if (node !== undefined)
      await this.#patch(nodeKind as KindDescriptor, node.metadata.name, {
        spec: { unschedulable: node.spec?.unschedulable === true ? null : true },
      });
  }

  async #pause(): Promise<void> {
    const owner = this.#pick(this.#owners.filter(({ sort }) => sort === 'deploy'));
    if (owner !== undefined) await this.#patch(kinds['deploy']!, owner.name, { spec: { paused: this.#random.next() < 0.5 ? true : null } });
  }

  #patch(kind: KindDescriptor, name: string, patch: object): Promise<unknown> {
    return this.#client().patch(
      kind,
      { namespace: kind.namespaced ? namespace : undefined, name },
      {
        type: 'merge',
        patch,
      },
    );
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from.length === 0 ? undefined : from[this.#random.integer(from.length)];
  }
}
