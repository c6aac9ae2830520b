import type { JobManifest } from '../api/generated/models.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { orphansMatching } from '../api/matching.ts';
import type { Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { jobKind } from '../kinds/job.ts';
import { podKind } from '../kinds/pod.ts';
import { claim } from './claims.ts';
import type { Controller, ObjectChange, Plan, PlannedWrite } from './controller.ts';
import { accomplished, deadlineLeftMs, isAccomplished, outcomeOf, type JobOutcome } from './job/job-outcome.ts';
import { isTracked, trackingFinalizer, type StoredJob } from './job/job-pods.ts';
import { progressOf, type JobProgress } from './job/job-progress.ts';
import { deletion, scaleJob, withoutTracking } from './job/job-scale.ts';
import { jobStatus } from './job/job-status.ts';
import { trackPods } from './job/job-tracking.ts';
import { orphanOwners } from './orphan-owners.ts';
import { controllerOf, isActive, type Pod } from './pods.ts';

const managedHere = 'kubernetes.io/job-controller';
const orphanPrefix = 'orphan:';
const none: Plan = { writes: [] };

const keyOf = (object: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string =>
  `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;

/**
 * Runs Jobs: as many Pods at a time as asked for, until enough have succeeded or it is clear that they will not.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/
 */
export const jobController: Controller = {
  name: 'job',
  component: 'job-controller',
  triggers: [
    {
      kind: jobKind,
      keys: function* ({ type, object }, view) {
        yield keyOf(object);
        if (type !== 'deleted') return;
        for (const pod of view.controlledBy(podKind, object.metadata.uid)) if (isTracked(pod)) yield `${orphanPrefix}${keyOf(pod)}`;
      },
    },
    { kind: podKind, keys: podKeys },
  ],
  reconcile(view, key, now): Plan {
    if (key.startsWith(orphanPrefix)) return releaseOrphan(view, key.slice(orphanPrefix.length));
    const [namespace, name = ''] = key.split('/');
    const job = view.get(jobKind, namespace, name);
    return job?.spec === undefined || (job.spec.managedBy ?? managedHere) !== managedHere ? none : syncJob(view, job, now);
  },
};

function podKeys(change: ObjectChange, view: ViewReader): Iterable<string> {
  const pod = change.object as Pod;
  const owner = controllerOf(pod);
  const isOrphan = isTracked(pod) && (owner === undefined || (owner.kind === 'Job' && view.byUid(owner.uid) === undefined));
  const owners = orphanOwners(change, view, jobKind, (job) => LabelMatcher.of(job.spec?.selector ?? {}));
  return isOrphan && change.type !== 'deleted' ? [`${orphanPrefix}${keyOf(pod)}`, ...owners] : owners;
}

/** A Pod that no Job counts any more must not be held back. */
function releaseOrphan(view: ViewReader, key: string): Plan {
  const [namespace, name = ''] = key.split('/');
  const pod = view.get(podKind, namespace, name);
  if (pod === undefined || !isTracked(pod)) return none;
  const owner = controllerOf(pod);
  if (owner !== undefined && (owner.kind !== 'Job' || view.byUid(owner.uid) !== undefined)) return none;
  const adopters = view
    .list(jobKind, { namespace })
    .filter((job) => LabelMatcher.of(job.spec?.selector ?? {}).matches(pod.metadata.labels));
  if (owner === undefined && adopters.some((job) => job.metadata.deletionTimestamp === undefined)) return none;
  return { writes: [withoutTracking(pod)] };
}

function syncJob(view: ViewReader, job: StoredJob, now: Instant): Plan {
  const { pods, writes: claims } = podsOf(view, job);
  if (hasEnded(job)) return { writes: pods.filter(isTracked).map(withoutTracking) };
  const progress = progressOf(job, pods);
  const decided = outcomeOf(job, progress, now);
  if (decided !== undefined) return conclude(job, progress, decided, claims, now);
  const leaving = job.metadata.deletionTimestamp !== undefined;
  const scale = leaving ? { writes: [], active: progress.active.length } : scaleJob(view, job, progress, now);
  const outcome = isAccomplished(job.spec!, progress.succeeded, scale.active) ? accomplished : undefined;
  const tracking = trackPods(job, progress, outcome, false);
  const status = jobStatus(job, { ...present(progress, scale.active), counts: tracking.counts, outcome, ended: false }, now);
  // A Pod can be let go and counted at the same time: one write for it is enough.
  const released = new Set(tracking.writes.map(nameOf));
  const writes = [...status.writes, ...claims, ...tracking.writes, ...scale.writes.filter((write) => !released.has(nameOf(write)))];
  const left = deadlineLeftMs(job, now) ?? firstDeadlineMs(job);
  const waits = [left, scale.waitMs].filter((ms): ms is number => ms !== undefined && ms > 0);
  return { writes, events: status.events, ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }) };
}

/** It is clear how the Job ends: its Pods go, all are counted, and then it has ended. */
function conclude(job: StoredJob, progress: JobProgress, outcome: JobOutcome, claims: readonly PlannedWrite[], now: Instant): Plan {
  const isTold = job.status?.conditions?.some((each) => each.type === outcome.type && each.status === 'True') === true;
  const tracking = trackPods(job, progress, outcome, isTold);
  const { uncounted, settled } = tracking.counts;
  const counted = settled && uncounted.succeeded.length + uncounted.failed.length === 0;
  const ended = isTold && counted && progress.active.length === 0 && progress.terminating.length === 0;
  const gone = { active: 0, ready: 0, terminating: progress.terminating.length + progress.active.length };
  const status = jobStatus(job, { ...gone, counts: tracking.counts, outcome, ended }, now);
  const deletions = progress.active.map((pod) => deletion(job, pod));
  return { writes: [...status.writes, ...claims, ...deletions, ...tracking.writes], events: status.events };
}

const present = (progress: JobProgress, active: number): { active: number; ready: number; terminating: number } => ({
  active,
  ready: progress.ready,
  terminating: progress.terminating.length,
});

const nameOf = (write: PlannedWrite): string => ('object' in write ? (write.object.metadata?.name ?? '') : '');

const firstDeadlineMs = (job: StoredJob): number | undefined =>
  job.spec?.suspend === true || job.spec?.activeDeadlineSeconds === undefined ? undefined : job.spec.activeDeadlineSeconds * 1000;

export function hasEnded(job: Stored<JobManifest>): boolean {
  return job.status?.conditions?.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True') === true;
}

/** The Job's Pods, with those it takes in; who comes in is counted from now on, who goes is not held back. */
function podsOf(view: ViewReader, job: StoredJob): { readonly pods: readonly Pod[]; readonly writes: readonly PlannedWrite[] } {
  const matcher = LabelMatcher.of(job.spec?.selector ?? {});
  const own = view.controlledBy(podKind, job.metadata.uid);
  const adoptable = orphansMatching(view, podKind, job.metadata.namespace ?? '', matcher).filter(isActive);
  const { claimed, writes } = claim(jobKind as KindDescriptor, job, podKind, [...own, ...adoptable], matcher);
  return { pods: claimed, writes: writes.map((write) => counted(write, job.metadata.uid)) };
}

function counted(write: PlannedWrite, uid: string): PlannedWrite {
  if (write.verb !== 'update') return write;
  const metadata = write.object.metadata ?? {};
  const others = (metadata.finalizers ?? []).filter((each) => each !== trackingFinalizer);
  const taken = metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
  return { ...write, object: { ...write.object, metadata: { ...metadata, finalizers: taken ? [...others, trackingFinalizer] : others } } };
}
