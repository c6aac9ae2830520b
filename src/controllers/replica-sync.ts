import type { PodManifest, PodTemplateSpec } from '../api/generated/models.ts';
import type { CensusKind } from '../api/census.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { LabelMatcher } from '../api/label-matcher.ts';
import { orphansMatching } from '../api/matching.ts';
import { childName } from '../api/name-generation.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { formatTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { podKind } from '../kinds/pod.ts';
import { claim } from './claims.ts';
import type { Plan, PlannedWrite, WriteFailure } from './controller.ts';
import { inDeletionOrder } from './deletion-order.ts';
import { availableInMs, controllerRef, isActive, isReady, nextAvailableInMs, podFromTemplate, refOf, type Pod } from './pods.ts';

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
  readonly related?: () => readonly Pod[];
}

/** What an owner's Pods come to. */
interface Replicas {
  readonly count: number;
  readonly labelled: number;
  readonly ready: number;
  readonly available: number;
  /** When one that is ready becomes available. */
  readonly requeueAfterMs?: number;
  readonly claims: readonly PlannedWrite[];
  /** The Pods themselves, for who must choose among them. */
  readonly pods: () => readonly Pod[];
}

/** Adopts, releases, makes and deletes Pods until there are as many as asked for, and says so in the status. */
export function syncReplicas(view: ViewReader, sync: ReplicaOwner, now: Instant): Plan {
  const { owner, kind } = sync;
  const replicas = counted(view, sync) ?? lookedAt(view, sync, now);
  const writes: PlannedWrite[] = [...replicas.claims];
  const missing = sync.replicas - replicas.count;
  if (owner.metadata.deletionTimestamp === undefined) {
    if (missing > 0) writes.push(...creations(view, sync, replicas.count, missing));
    else if (missing < 0) writes.push(...deletions(sync, replicas.pods(), -missing, now));
  }
  const status = statusOf(view, sync, replicas, now);
  if (!deepEqual(status, owner.status)) writes.push({ verb: 'update-status', kind, object: { ...owner, status } as KubeObject });
  return replicas.requeueAfterMs === undefined ? { writes } : { writes, requeueAfterMs: replicas.requeueAfterMs };
}

const notReady = 0;
const ready = 1;

/** Active Pods, by whether they are ready. */
const replicaCensus: CensusKind<PodManifest> = {
  kind: podKind,
  classes: 2,
  classOf: (pod) => (isActive(pod) ? (isReady(pod) ? ready : notReady) : -1),
};

/** From the view's counts; undefined if Pods must be looked at one by one: to adopt, to release, or to wait until they are available. */
function counted(view: ViewReader, sync: ReplicaOwner): Replicas | undefined {
  const { owner, matcher } = sync;
  if (sync.minReadySeconds > 0 || orphans(view, owner, matcher).length > 0) return undefined;
  const wanted = Object.entries(sync.template.metadata?.labels ?? {});
  const sum = { count: 0, labelled: 0, ready: 0 };
  for (const { labels, counts } of view.census(replicaCensus, owner.metadata.uid)) {
    const total = counts[notReady]! + counts[ready]!;
    if (total === 0) continue;
    if (!matcher.matches(labels)) return undefined;
    sum.count += total;
    sum.ready += counts[ready]!;
    if (wanted.every(([key, value]) => labels?.[key] === value)) sum.labelled += total;
  }
  const pods = (): readonly Pod[] => view.controlledBy(podKind, owner.metadata.uid).filter(isActive);
  return { ...sum, available: sum.ready, claims: [], pods };
}

/** Pod by Pod. */
function lookedAt(view: ViewReader, sync: ReplicaOwner, now: Instant): Replicas {
  const { owner, kind, matcher, minReadySeconds, template } = sync;
  const pods = [...view.controlledBy(podKind, owner.metadata.uid), ...orphans(view, owner, matcher)];
  const { claimed, writes: claims } = claim(kind, owner, podKind, pods.filter(isActive), matcher);
  const wanted = Object.entries(template.metadata?.labels ?? {});
  const wait = nextAvailableInMs(claimed, minReadySeconds, now);
  return {
    count: claimed.length,
    labelled: claimed.filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)).length,
    ready: claimed.filter(isReady).length,
    available: claimed.filter((pod) => availableInMs(pod, minReadySeconds, now) === 0).length,
    ...(wait === undefined ? {} : { requeueAfterMs: wait }),
    claims,
    pods: () => claimed,
  };
}

/** The Pods nobody controls that the owner could adopt. */
function orphans(view: ViewReader, owner: Stored<KubeObject>, matcher: LabelMatcher): readonly Pod[] {
  return orphansMatching(view, podKind, owner.metadata.namespace ?? '', matcher).filter(isActive);
}

/** Slow start: as many as there are, at least one, so that a create that cannot succeed is tried once and not five hundred times. */
function creations(view: ViewReader, sync: ReplicaOwner, present: number, missing: number): PlannedWrite[] {
  const { owner, kind, template } = sync;
  const failing = view.table<WriteFailure>('write-failures').has(`${sync.controller}/${owner.metadata.namespace}/${owner.metadata.name}`);
  const count = Math.min(missing, burst, failing ? 1 : Math.max(1, present));
  const namespace = owner.metadata.namespace ?? '';
  const base = `${owner.metadata.name}-`;
  // Frozen, it is one object for all of them.
  const metadata = { namespace, generateName: base, ownerReferences: Object.freeze([controllerRef(kind, owner)]) };
  const regarding = refOf(owner);
  const failure = { reason: 'FailedCreate', message: 'Error creating' };
  const writes: PlannedWrite[] = [];
  const taken = new Set<string>();
  const retired = view.table<ReadonlySet<string>>('retired-names').get(owner.metadata.uid);
  // As a rule the places up to here are taken.
  for (let slot = present; writes.length < count; slot++) {
    const name = childName(base, { ownerUid: owner.metadata.uid, slot });
    if (taken.has(name) || retired?.has(name) === true || view.get(podKind, namespace, name) !== undefined) continue;
    taken.add(name);
    const told = { regarding, success: { reason: 'SuccessfulCreate', message: `Created pod: ${name}` }, failure };
    writes.push({ verb: 'create', kind: podKind, object: podFromTemplate(template, { ...metadata, name }), told });
  }
  return writes;
}

function deletions(sync: ReplicaOwner, claimed: readonly Pod[], surplus: number, now: Instant): PlannedWrite[] {
  const victims = inDeletionOrder(claimed, sync.related?.() ?? claimed, now).slice(0, Math.min(surplus, burst));
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

function statusOf(view: ViewReader, sync: ReplicaOwner, replicas: Replicas, now: Instant): ReplicaStatus {
  const { owner } = sync;
  const { count, labelled, ready: readyCount, available } = replicas;
  const conditions = conditionsOf(view, sync, now);
  return {
    replicas: count,
    ...(labelled > 0 ? { fullyLabeledReplicas: labelled } : {}),
    ...(readyCount > 0 ? { readyReplicas: readyCount } : {}),
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
