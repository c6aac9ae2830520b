import type { ReplicaSetManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject, Stored } from '../../api/object.ts';
import { parseTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import type { ObjectRef } from '../../errors.ts';
import { replicaSetKind } from '../../kinds/replica-set.ts';
import { revisionAnnotation } from '../../kinds/workload/deployment-rollout.ts';
import type { PlannedWrite, WriteEvents } from '../controller.ts';

export const desiredReplicasAnnotation = 'deployment.kubernetes.io/desired-replicas';
export const maxReplicasAnnotation = 'deployment.kubernetes.io/max-replicas';

/** One version of a Deployment: a ReplicaSet, and what is wanted of it. Edits are collected and come out as one write. */
export class Version {
  readonly set: Stored<ReplicaSetManifest>;
  readonly createdAt: Instant;
  #replicas: number;
  #annotations: Readonly<Record<string, string>>;
  #minReadySeconds: number;
  #told: WriteEvents | undefined;

  constructor(set: Stored<ReplicaSetManifest>) {
    this.set = set;
    this.createdAt = parseTime(set.metadata.creationTimestamp);
    this.#replicas = set.spec?.replicas ?? 1;
    this.#annotations = set.metadata.annotations ?? {};
    this.#minReadySeconds = set.spec?.minReadySeconds ?? 0;
  }

  get name(): string {
    return this.set.metadata.name;
  }

  /** How many Pods it is to have. */
  get replicas(): number {
    return this.#replicas;
  }

  /** How many of those it is to have are available: what it gives up does not count any more, though its status still says so. */
  get available(): number {
    return Math.min(this.#replicas, this.set.status?.availableReplicas ?? 0);
  }

  get revision(): number {
    const text = this.#annotations[revisionAnnotation];
    return text === undefined || !/^\d+$/.test(text) ? 0 : Number(text);
  }

  annotation(key: string): string | undefined {
    return this.#annotations[key];
  }

  annotate(annotations: Readonly<Record<string, string>>): void {
    if (Object.entries(annotations).some(([key, value]) => this.#annotations[key] !== value))
      this.#annotations = { ...this.#annotations, ...annotations };
  }

  readyAfter(minReadySeconds: number): void {
    this.#minReadySeconds = minReadySeconds;
  }

  /** Another number of Pods, and what the Deployment as a whole wants now. */
  scale(replicas: number, whole: { readonly replicas: number; readonly max: number }, regarding: ObjectRef): void {
    const before = this.set.spec?.replicas ?? 1;
    this.#replicas = replicas;
    this.annotate({ [desiredReplicasAnnotation]: String(whole.replicas), [maxReplicasAnnotation]: String(whole.max) });
    const direction = replicas > before ? 'up' : 'down';
    const message = `Scaled ${direction} replica set ${this.name} from ${before} to ${replicas}`;
    this.#told = replicas === before ? undefined : { regarding, success: { reason: 'ScalingReplicaSet', message } };
  }

  /** The edits; undefined if there are none. */
  write(): PlannedWrite | undefined {
    const { set } = this;
    const { annotations = {} } = set.metadata;
    const sameSpec = this.#replicas === (set.spec?.replicas ?? 1) && this.#minReadySeconds === (set.spec?.minReadySeconds ?? 0);
    if (sameSpec && this.#annotations === annotations) return undefined;
    if (sameSpec && set.metadata.annotations === undefined && Object.keys(this.#annotations).length === 0) return undefined;
    const spec = { ...set.spec, replicas: this.#replicas, minReadySeconds: this.#minReadySeconds };
    if (this.#minReadySeconds === 0) delete (spec as { minReadySeconds?: number }).minReadySeconds;
    const object = { ...set, metadata: { ...set.metadata, annotations: this.#annotations }, spec } as KubeObject;
    return { verb: 'update', kind: replicaSetKind as KindDescriptor, object, ...(this.#told === undefined ? {} : { told: this.#told }) };
  }
}

export const oldestFirst = (a: Version, b: Version): number => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1);
