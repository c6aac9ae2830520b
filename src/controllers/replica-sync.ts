import type { PodTemplateSpec } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { LabelMatcher } from '../api/label-matcher.ts';
import { childName } from '../api/name-generation.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { formatTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { podKind } from '../kinds/pod.ts';
import { claim } from './claims.ts';
import type { Plan, PlannedWrite, WriteFailure } from './controller.ts';
import { inDeletionOrder } from './deletion-order.ts';
import { availableInMs, controllerOf, controllerRef, isActive, isReady, podFromTemplate, refOf, type Pod } from './pods.ts';

/** At most so many Pods are made or deleted in one pass. */
const burst = 500;

interface ReplicaStatus {
  readonly replicas: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
    readonly lastTransitionTime?: string;
  }[];
}

/** Something that keeps a number of equal Pods: a ReplicationController or a ReplicaSet. */
export interface ReplicaOwner {
  readonly controller: string;
  readonly kind: KindDescriptor;
  readonly owner: Stored<KubeObject> & { readonly status?: ReplicaStatus };
  readonly replicas: number;
  readonly minReadySeconds: number;
  readonly matcher: LabelMatcher;
  readonly template: PodTemplateSpec;
  /** Pods whose nodes make a replica less worth keeping: its siblings under the same owner. */
  readonly related?: readonly Pod[];
}

/** Adopts, releases, makes and deletes Pods until there are as many as asked for, and says so in the status. */
export function syncReplicas(view: ViewReader, sync: ReplicaOwner, now: Instant): Plan {
  const { owner, kind } = sync;
  const pods = candidates(view, owner, sync.matcher);
  const { claimed, writes: claims } = claim(kind, owner, podKind, pods.filter(isActive), sync.matcher);
  const writes: PlannedWrite[] = [...claims];
  const missing = sync.replicas - claimed.length;
  if (owner.metadata.deletionTimestamp === undefined) {
    if (missing > 0) writes.push(...creations(view, sync, claimed.length, missing));
    else if (missing < 0) writes.push(...deletions(sync, claimed, -missing, now));
  }
  const status = statusOf(view, sync, claimed, now);
  if (!deepEqual(status, owner.status)) writes.push({ verb: 'update-status', kind, object: { ...owner, status } as KubeObject });
  const waits = claimed.flatMap((pod) => availableInMs(pod, sync.minReadySeconds, now) ?? []).filter((ms) => ms > 0);
  return waits.length === 0 ? { writes } : { writes, requeueAfterMs: Math.min(...waits) };
}

/** The owner's own Pods and the orphans it could adopt. */
function candidates(view: ViewReader, owner: Stored<KubeObject>, matcher: LabelMatcher): readonly Pod[] {
  const own = view.controlledBy(podKind, owner.metadata.uid);
  const exact = matcher.requirements.find((requirement) => requirement.operator === '=' && requirement.values.length === 1);
  const namespace = owner.metadata.namespace ?? '';
  const orphans = exact === undefined ? view.list(podKind, { namespace }) : view.withLabel(podKind, namespace, exact.key, exact.values[0]!);
  const adoptable = orphans.filter((pod) => controllerOf(pod) === undefined && matcher.matches(pod.metadata.labels));
  return adoptable.length === 0 ? own : [...own, ...adoptable];
}

/** Slow start: as many as there are, at least one, so that a create that cannot succeed is tried once and not five hundred times. */
function creations(view: ViewReader, sync: ReplicaOwner, present: number, missing: number): PlannedWrite[] {
  const { owner, kind, template } = sync;
  const failing = view.table<WriteFailure>('write-failures').has(`${sync.controller}/${owner.metadata.namespace}/${owner.metadata.name}`);
  const count = Math.min(missing, burst, failing ? 1 : Math.max(1, present));
  const namespace = owner.metadata.namespace ?? '';
  const base = `${owner.metadata.name}-`;
  const metadata = { namespace, generateName: base, ownerReferences: [controllerRef(kind, owner)] };
  const writes: PlannedWrite[] = [];
  const taken = new Set<string>();
  const retired = view.table<ReadonlySet<string>>('retired-names').get(owner.metadata.uid);
  for (let slot = 0; writes.length < count; slot++) {
    const name = childName(base, { ownerUid: owner.metadata.uid, slot });
    if (taken.has(name) || retired?.has(name) === true || view.get(podKind, namespace, name) !== undefined) continue;
    taken.add(name);
    const told = {
      regarding: refOf(owner),
      success: { reason: 'SuccessfulCreate', message: `Created pod: ${name}` },
      failure: { reason: 'FailedCreate', message: 'Error creating' },
    };
    writes.push({ verb: 'create', kind: podKind, object: podFromTemplate(template, { ...metadata, name }), told });
  }
  return writes;
}

function deletions(sync: ReplicaOwner, claimed: readonly Pod[], surplus: number, now: Instant): PlannedWrite[] {
  const victims = inDeletionOrder(claimed, sync.related ?? claimed, now).slice(0, Math.min(surplus, burst));
  return victims.map((object) => {
    const name = object.metadata.name;
    const told = {
      regarding: refOf(sync.owner),
      success: { reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` },
      failure: { reason: 'FailedDelete', message: 'Error deleting' },
    };
    return { verb: 'delete', kind: podKind, object, told };
  });
}

function statusOf(view: ViewReader, sync: ReplicaOwner, claimed: readonly Pod[], now: Instant): ReplicaStatus {
  const { owner, template } = sync;
  const labels = Object.entries(template.metadata?.labels ?? {});
  const labelled = claimed.filter((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value)).length;
  const ready = claimed.filter(isReady).length;
  const available = claimed.filter((pod) => availableInMs(pod, sync.minReadySeconds, now) === 0).length;
  const conditions = conditionsOf(view, sync, now);
  return {
    replicas: claimed.length,
    ...(labelled > 0 ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(available > 0 ? { availableReplicas: available } : {}),
    ...(owner.metadata.generation === undefined ? {} : { observedGeneration: owner.metadata.generation }),
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

/** The ReplicaFailure condition follows how the last writes ended; other conditions stay. */
function conditionsOf(view: ViewReader, sync: ReplicaOwner, now: Instant): NonNullable<ReplicaStatus['conditions']> {
  const { owner } = sync;
  const before = owner.status?.conditions ?? [];
  const failure = view.table<WriteFailure>('write-failures').get(`${sync.controller}/${owner.metadata.namespace}/${owner.metadata.name}`);
  const others = before.filter((condition) => condition.type !== 'ReplicaFailure');
  if (failure === undefined || (failure.verb !== 'create' && failure.verb !== 'delete'))
    return others.length === before.length ? before : others;
  const reason = failure.verb === 'create' ? 'FailedCreate' : 'FailedDelete';
  const known = before.find((condition) => condition.type === 'ReplicaFailure');
  if (known?.reason === reason && known.message === failure.message) return before;
  return [...others, { type: 'ReplicaFailure', status: 'True', reason, message: failure.message, lastTransitionTime: formatTime(now) }];
}
