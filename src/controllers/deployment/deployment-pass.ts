import type { DeploymentManifest, DeploymentSpec, ReplicaSetManifest } from '../../api/generated/models.ts';
import { deepEqual } from '../../api/deep-equal.ts';
import type { Stored } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Instant } from '../../env/clock.ts';
import type { ObjectRef } from '../../errors.ts';
import { withoutHash } from '../../kinds/workload/deployment-rollout.ts';
import { resolveIntOrPercent } from '../../kinds/workload/int-or-percent.ts';
import type { PlannedWrite } from '../controller.ts';
import { refOf } from '../pods.ts';
import { DeploymentConditions } from './deployment-conditions.ts';
import { oldestFirst, Version } from './version.ts';

/** One look at one Deployment: what it wants, the versions it has, and what is decided about them on the way. */
export class DeploymentPass {
  readonly view: ViewReader;
  readonly deployment: Stored<DeploymentManifest>;
  readonly spec: DeploymentSpec;
  readonly now: Instant;
  readonly ref: ObjectRef;
  /** How many Pods it wants. */
  readonly replicas: number;
  /** How many more there may be for a while. */
  readonly surge: number;
  /** How many of them may be missing for a while. */
  readonly unavailable: number;
  readonly rolling: boolean;
  /** All versions, oldest first. */
  readonly versions: readonly Version[];
  /** The one whose template is wanted; undefined before it is made. */
  readonly newest: Version | undefined;
  readonly old: readonly Version[];
  readonly conditions: DeploymentConditions;
  /** Writes besides those of the versions and the status. */
  readonly writes: PlannedWrite[] = [];
  /** The revision of the newest version, as the Deployment is to show it. */
  revision: string | undefined;
  collisionCount: number | undefined;

  constructor(view: ViewReader, deployment: Stored<DeploymentManifest>, sets: readonly Stored<ReplicaSetManifest>[], now: Instant) {
    this.view = view;
    this.deployment = deployment;
    this.spec = deployment.spec!;
    this.now = now;
    this.ref = refOf(deployment);
    this.replicas = this.spec.replicas ?? 1;
    this.rolling = this.spec.strategy?.type !== 'Recreate';
    const { maxSurge = '25%', maxUnavailable = '25%' } = this.spec.strategy?.rollingUpdate ?? {};
    this.surge = this.rolling ? resolveIntOrPercent(maxSurge, this.replicas, 'up') : 0;
    const unavailable = this.rolling ? resolveIntOrPercent(maxUnavailable, this.replicas, 'down') : 0;
    // Both may come to nothing when percentages are rounded: then nothing could ever move.
    this.unavailable =
      this.rolling && this.replicas > 0 ? Math.min(this.replicas, this.surge === 0 ? Math.max(1, unavailable) : unavailable) : 0;
    this.versions = sets.map((set) => new Version(set)).sort(oldestFirst);
    const wanted = withoutHash(this.spec.template);
    this.newest = this.versions.find(({ set }) => deepEqual(withoutHash(set.spec?.template ?? {}), wanted));
    this.old = this.versions.filter((version) => version !== this.newest);
    this.conditions = new DeploymentConditions(deployment.status?.conditions ?? [], now);
    this.collisionCount = deployment.status?.collisionCount;
  }

  get hasDeadline(): boolean {
    // The greatest 32-bit number is Kubernetes' way to say "never".
    return this.spec.progressDeadlineSeconds !== undefined && this.spec.progressDeadlineSeconds !== 2_147_483_647;
  }

  /** As many Pods as all versions together are to have. */
  get total(): number {
    return sum(this.versions, (version) => version.replicas);
  }

  scale(version: Version, replicas: number): void {
    version.scale(replicas, { replicas: this.replicas, max: this.replicas + this.surge }, this.ref);
  }

  /** How many Pods the newest version may have now, given how many it has. */
  roomFor(current: number): number {
    if (!this.rolling) return this.replicas;
    const room = this.replicas + this.surge - this.total;
    return room <= 0 ? current : current + Math.min(room, this.replicas - current);
  }
}

export function sum<T>(items: readonly T[], valueOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += valueOf(item);
  return total;
}
