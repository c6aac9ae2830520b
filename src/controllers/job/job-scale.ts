import type { KindDescriptor } from '../../api/kind.ts';
import { childName } from '../../api/name-generation.ts';
import type { KubeObject } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Instant } from '../../env/clock.ts';
import { jobKind } from '../../kinds/job.ts';
import { podKind } from '../../kinds/pod.ts';
import type { PlannedWrite, WriteFailure } from '../controller.ts';
import { inDeletionOrder } from '../deletion-order.ts';
import { controllerRef, refOf, type Pod } from '../pods.ts';
import { indexOf, isIndexed, isTracked, onlyReplacesFailed, trackingFinalizer, finishedAt, type StoredJob } from './job-pods.ts';
import { backOffLeftMs, backOffMs, failuresBefore, type JobProgress } from './job-progress.ts';
import { podOfJob } from './pod-of-job.ts';

/** At most so many Pods are made or deleted in one pass. */
const burst = 500;

/** What to do so that as many Pods run as should, and how many run then. */
export interface ScalePlan {
  readonly writes: readonly PlannedWrite[];
  readonly active: number;
  readonly waitMs?: number;
}

/** Starts Pods, or lets them go. Of the two only one in a pass, and letting go comes first. */
export function scaleJob(view: ViewReader, job: StoredJob, progress: JobProgress, now: Instant): ScalePlan {
  const spec = job.spec!;
  const { active, terminating } = progress;
  const wanted = wantedActive(job, progress);
  const surplus = surplusPods(job, active, wanted, now);
  if (surplus.length > 0) return { writes: surplus.flatMap((pod) => letGo(job, pod)), active: active.length - surplus.length };
  const missing = wanted - active.length - (onlyReplacesFailed(spec) ? terminating.length : 0);
  if (missing <= 0) return { writes: [], active: active.length };
  const perIndex = spec.backoffLimitPerIndex !== undefined;
  const left = perIndex ? 0 : backOffLeftMs(job, progress.pods, now);
  if (left > 0) return { writes: [], active: active.length, waitMs: left };
  const count = Math.min(missing, slowStart(view, job, active.length));
  if (!isIndexed(spec)) return { writes: plainPods(view, job, count, progress.pods.length), active: active.length + count };
  const { indexes, waitMs } = indexesToStart(job, progress, count, now);
  const writes = indexes.map((index) => indexedPod(view, job, index, progress.retrying.get(index)));
  return { writes, active: active.length + indexes.length, ...(waitMs === undefined ? {} : { waitMs }) };
}

function wantedActive(job: StoredJob, { active, succeeded }: JobProgress): number {
  const { suspend, completions, parallelism = 1 } = job.spec!;
  if (suspend === true) return 0;
  // Without a number of completions, the first success means that no more work is to be begun.
  if (completions === undefined) return succeeded > 0 ? active.length : parallelism;
  return Math.max(0, Math.min(completions - succeeded, parallelism));
}

/** As many as there are, at least one: a create that cannot succeed is tried once and not five hundred times. */
function slowStart(view: ViewReader, job: StoredJob, present: number): number {
  const failing = view.table<WriteFailure>('write-failures').has(`job/${job.metadata.namespace}/${job.metadata.name}`);
  return failing ? 1 : Math.min(burst, Math.max(1, present));
}

function surplusPods(job: StoredJob, active: readonly Pod[], wanted: number, now: Instant): readonly Pod[] {
  const doubles = isIndexed(job.spec!) ? doubledIndexes(active, job.spec?.completions ?? 0) : [];
  const more = active.length - doubles.length - wanted;
  // Whoever was let go in an earlier pass and still runs is the next to go: the choice holds.
  const rest = more <= 0 ? [] : inDeletionOrder(active, active, now).filter((pod) => !doubles.includes(pod));
  const released = rest.filter((pod) => !isTracked(pod));
  const kept = rest.filter(isTracked);
  return [...doubles, ...[...released, ...kept].slice(0, Math.max(0, more))].slice(0, burst);
}

/** Pods whose index another one works on already, or which is none of the Job's any more. */
function doubledIndexes(active: readonly Pod[], completions: number): readonly Pod[] {
  const first = new Map<number, Pod>();
  return active.filter((pod) => {
    const index = indexOf(pod, completions);
    if (index === undefined) return true;
    if (first.has(index)) return true;
    first.set(index, pod);
    return false;
  });
}

/** First out of the count, then away: so that who is let go is never counted as failed. */
function letGo(job: StoredJob, pod: Pod): readonly PlannedWrite[] {
  return [isTracked(pod) ? withoutTracking(pod) : deletion(job, pod)];
}

export function withoutTracking(pod: Pod): PlannedWrite {
  const finalizers = pod.metadata.finalizers?.filter((each) => each !== trackingFinalizer) ?? [];
  const metadata = { ...pod.metadata, finalizers };
  if (finalizers.length === 0) delete (metadata as { finalizers?: unknown }).finalizers;
  return { verb: 'update', kind: podKind, object: { ...pod, metadata } as KubeObject };
}

export function deletion(job: StoredJob, pod: Pod): PlannedWrite {
  const told = {
    regarding: refOf(job),
    success: { reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` },
    failure: { reason: 'FailedDelete', message: 'Error deleting' },
  };
  return { verb: 'delete', kind: podKind, object: pod, told };
}

function creation(job: StoredJob, name: string, generateName: string, index: number | undefined, before: Pod | undefined): PlannedWrite {
  const told = {
    regarding: refOf(job),
    success: { reason: 'SuccessfulCreate', message: `Created pod: ${name}` },
    failure: { reason: 'FailedCreate', message: 'Error creating' },
  };
  const metadata = {
    namespace: job.metadata.namespace ?? '',
    name,
    generateName,
    ownerReferences: [controllerRef(jobKind as KindDescriptor, job)],
  };
  return { verb: 'create', kind: podKind, object: podOfJob(job, metadata, index, before), told };
}

function plainPods(view: ViewReader, job: StoredJob, count: number, present: number): readonly PlannedWrite[] {
  const base = `${job.metadata.name}-`;
  const taken = new Set<string>();
  const writes: PlannedWrite[] = [];
  // As a rule the places up to here are taken.
  for (let slot = present; writes.length < count; slot++) {
    const name = childName(base, { ownerUid: job.metadata.uid, slot });
    if (taken.has(name) || isUsed(view, job, name)) continue;
    taken.add(name);
    writes.push(creation(job, name, base, undefined, undefined));
  }
  return writes;
}

function indexedPod(view: ViewReader, job: StoredJob, index: number, before: Pod | undefined): PlannedWrite {
  const base = `${job.metadata.name}-${index}-`;
  for (let attempt = 0; ; attempt++) {
    const name = childName(base, { ownerUid: job.metadata.uid, slot: index, attempt });
    if (!isUsed(view, job, name)) return creation(job, name, base, index, before);
  }
}

const isUsed = (view: ViewReader, job: StoredJob, name: string): boolean =>
  view.get(podKind, job.metadata.namespace, name) !== undefined ||
  view.table<ReadonlySet<string>>('retired-names').get(job.metadata.uid)?.has(name) === true;

/** The lowest indexes nobody works on; with a limit for each index, every one waits for itself. */
function indexesToStart(
  job: StoredJob,
  { active, terminating, succeededIndexes, failedIndexes, retrying }: JobProgress,
  count: number,
  now: Instant,
): { readonly indexes: readonly number[]; readonly waitMs: number | undefined } {
  const completions = job.spec?.completions ?? 0;
  const busy = new Set(active.map((pod) => indexOf(pod, completions)));
  if (onlyReplacesFailed(job.spec!)) for (const pod of terminating) busy.add(indexOf(pod, completions));
  const indexes: number[] = [];
  let waitMs: number | undefined;
  for (let index = 0; index < completions && indexes.length < count; index++) {
    if (busy.has(index) || succeededIndexes.has(index) || failedIndexes?.has(index) === true) continue;
    const before = retrying.get(index);
    const left = before === undefined ? 0 : finishedAt(before) + backOffMs(failuresBefore(before) + 1) - now;
    if (left > 0) waitMs = Math.min(waitMs ?? left, left);
    else indexes.push(index);
  }
  return { indexes, waitMs };
}
