import type { PodManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import { controllerRevisionKind } from '../../kinds/controller-revision.ts';
import { cronJobKind } from '../../kinds/cron-job.ts';
import { daemonSetKind } from '../../kinds/daemon-set.ts';
import { deploymentKind } from '../../kinds/deployment.ts';
import { jobKind } from '../../kinds/job.ts';
import { nodeKind } from '../../kinds/node.ts';
import { podKind } from '../../kinds/pod.ts';
import { podDisruptionBudgetKind } from '../../kinds/pod-disruption-budget.ts';
import { replicaSetKind } from '../../kinds/replica-set.ts';
import { statefulSetKind } from '../../kinds/stateful-set.ts';
import { deploymentProgress } from '../../kinds/workload/deployment-rollout.ts';
import { daemonSetProgress, statefulSetProgress } from '../../kinds/workload/set-progress.ts';

type Pod = Stored<PodManifest>;

const ended = ({ status }: Pod): boolean => status?.phase === 'Succeeded' || status?.phase === 'Failed';
const isRunning = ({ status, metadata }: Pod): boolean => status?.phase === 'Running' && metadata.deletionTimestamp === undefined;

/** The Pods of an owner that have not ended. */
const podsOf = (view: ViewReader, uid: string): readonly Pod[] => view.controlledBy(podKind, uid).filter((pod) => !ended(pod));

/** What must hold of every workload once the weather has cleared: what was asked for is there, of the newest version, and nothing else. */
export function workloadViolations(view: ViewReader): readonly string[] {
  return [...deployments(view), ...replicaSets(view), ...daemonSets(view), ...statefulSets(view), ...jobs(view), ...budgets(view)];
}

function* counted(name: string, pods: readonly Pod[], wanted: number): Iterable<string> {
  const running = pods.filter(isRunning).length;
  if (running !== wanted || pods.length !== wanted) yield `${name}: ${running} running of ${pods.length}, ${wanted} wanted`;
}

function* deployments(view: ViewReader): Iterable<string> {
  for (const deployment of view.list(deploymentKind)) {
    const { name, uid } = deployment.metadata;
    const sets = view.controlledBy(replicaSetKind, uid);
    yield* counted(
      name,
      sets.flatMap((set) => podsOf(view, set.metadata.uid)),
      deployment.spec?.replicas ?? 1,
    );
    const { done, message } = deploymentProgress(deployment);
    if (!done) yield `${name}: ${message}`;
    if (sets.filter((set) => (set.spec?.replicas ?? 0) > 0).length > 1) yield `${name}: two versions at rest`;
    if (sets.length > (deployment.spec?.revisionHistoryLimit ?? 10) + 1) yield `${name}: ${sets.length} versions are kept`;
  }
}

function* replicaSets(view: ViewReader): Iterable<string> {
  for (const { metadata, spec, status } of view.list(replicaSetKind)) {
    yield* counted(metadata.name, podsOf(view, metadata.uid), spec?.replicas ?? 1);
    if ((status?.replicas ?? 0) !== (spec?.replicas ?? 1)) yield `${metadata.name}: its status says ${status?.replicas} replicas`;
  }
}

function* daemonSets(view: ViewReader): Iterable<string> {
  const nodes = view.list(nodeKind).map(({ metadata }) => metadata.name);
  for (const set of view.list(daemonSetKind)) {
    const { name, uid } = set.metadata;
    const pods = podsOf(view, uid);
    yield* counted(name, pods, nodes.length);
    if (new Set(pods.map((pod) => pod.spec?.nodeName)).size !== pods.length) yield `${name}: two pods on one node`;
    const { done, message } = daemonSetProgress(set);
    if (!done) yield `${name}: ${message}`;
    if (view.controlledBy(controllerRevisionKind, uid).length > 11) yield `${name}: too many versions are kept`;
  }
}

function* statefulSets(view: ViewReader): Iterable<string> {
  for (const set of view.list(statefulSetKind)) {
    const { name, uid } = set.metadata;
    const wanted = set.spec?.replicas ?? 1;
    const pods = podsOf(view, uid);
    yield* counted(name, pods, wanted);
    const names = pods.map((pod) => pod.metadata.name).sort();
    const expected = Array.from({ length: wanted }, (_, i) => `${name}-${i}`).sort();
    if (names.join() !== expected.join()) yield `${name}: its pods are ${names.join()}`;
    const { done, message } = statefulSetProgress(set);
    if (!done) yield `${name}: ${message}`;
  }
}

function* jobs(view: ViewReader): Iterable<string> {
  for (const { metadata, spec, status } of view.list(jobKind)) {
    const complete = status?.conditions?.some(({ type, status: holds }) => type === 'Complete' && holds === 'True') === true;
    if (!complete) yield `${metadata.name}: not complete, ${status?.succeeded ?? 0} of ${spec?.completions} succeeded`;
    else if (status?.succeeded !== spec?.completions) yield `${metadata.name}: ${status?.succeeded} of ${spec?.completions} succeeded`;
    const live = podsOf(view, metadata.uid).length;
    if (live > 0) yield `${metadata.name}: ${live} pods are left`;
  }
  for (const { metadata, spec } of view.list(cronJobKind)) {
    const kept = view.controlledBy(jobKind, metadata.uid).length;
    if (kept > (spec?.successfulJobsHistoryLimit ?? 3) + (spec?.failedJobsHistoryLimit ?? 1))
      yield `${metadata.name}: ${kept} jobs are kept`;
  }
}

function* budgets(view: ViewReader): Iterable<string> {
  for (const { metadata, status } of view.list(podDisruptionBudgetKind)) {
    if ((status?.currentHealthy ?? 0) < (status?.desiredHealthy ?? 0))
      yield `budget ${metadata.name}: ${status?.currentHealthy} of ${status?.desiredHealthy} healthy`;
    if (status?.observedGeneration !== metadata.generation) yield `budget ${metadata.name}: its status is behind`;
  }
}
