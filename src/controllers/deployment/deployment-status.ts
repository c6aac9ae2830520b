import type { DeploymentStatus } from '../../api/generated/models.ts';
import { parseTime } from '../../api/time.ts';
import { sum, type DeploymentPass } from './deployment-pass.ts';

type Counts = Required<Pick<DeploymentStatus, 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas'>>;

const countsOf = ({ replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 }: DeploymentStatus): Counts => ({
  replicas,
  updatedReplicas,
  readyReplicas,
  availableReplicas,
});

function presentCounts({ versions, newest }: DeploymentPass): Counts {
  return {
    replicas: sum(versions, ({ set }) => set.status?.replicas ?? 0),
    updatedReplicas: newest?.set.status?.replicas ?? 0,
    readyReplicas: sum(versions, ({ set }) => set.status?.readyReplicas ?? 0),
    availableReplicas: sum(versions, ({ set }) => set.status?.availableReplicas ?? 0),
  };
}

/** The status as it is to be, with the conditions the pass has come to. */
export function deploymentStatus(pass: DeploymentPass): DeploymentStatus {
  const counts = presentCounts(pass);
  const unavailable = Math.max(0, pass.total - counts.availableReplicas);
  const enough = counts.availableReplicas >= pass.replicas - pass.unavailable;
  pass.conditions.set(
    'Available',
    enough ? 'True' : 'False',
    enough ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
    enough ? 'Deployment has minimum availability.' : 'Deployment does not have minimum availability.',
  );
  const some = Object.entries({ ...counts, unavailableReplicas: unavailable }).filter(([, count]) => count > 0);
  return {
    ...(pass.deployment.metadata.generation === undefined ? {} : { observedGeneration: pass.deployment.metadata.generation }),
    ...Object.fromEntries(some),
    ...(pass.collisionCount === undefined ? {} : { collisionCount: pass.collisionCount }),
    conditions: pass.conditions.list,
  };
}

/** True if everything that is wanted is there, new and available, by a status of this very generation. */
export function isComplete({ replicas, deployment }: DeploymentPass, status: DeploymentStatus): boolean {
  const counts = countsOf(status);
  const present = counts.updatedReplicas === replicas && counts.replicas === replicas && counts.availableReplicas === replicas;
  return present && (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
}

/** Says how the rollout goes: complete, progressing, or past its deadline; and takes over the failures of its versions. */
export function noteProgress(pass: DeploymentPass): void {
  const { conditions, newest, deployment } = pass;
  const counts = presentCounts(pass);
  if (!pass.hasDeadline) conditions.remove('Progressing');
  else if (!(conditions.get('Progressing')?.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas)) {
    const what = newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.name}"`;
    const next = {
      ...counts,
      ...(deployment.metadata.generation === undefined ? {} : { observedGeneration: deployment.metadata.generation }),
    };
    if (isComplete(pass, next)) conditions.set('Progressing', 'True', 'NewReplicaSetAvailable', `${what} has successfully progressed.`);
    else if (hasMoved(countsOf(deployment.status ?? {}), counts))
      conditions.renew('Progressing', 'True', 'ReplicaSetUpdated', `${what} is progressing.`);
    else if (deadlineInMs(pass) === 0)
      conditions.set('Progressing', 'False', 'ProgressDeadlineExceeded', `${what} has timed out progressing.`);
  }
  noteFailure(pass);
}

function noteFailure({ newest, old, conditions }: DeploymentPass): void {
  const failures = [newest, ...old].flatMap(
    (version) => version?.set.status?.conditions?.filter(({ type }) => type === 'ReplicaFailure') ?? [],
  );
  const [failure] = failures;
  if (failure === undefined) conditions.remove('ReplicaFailure');
  else conditions.set('ReplicaFailure', failure.status as 'True', failure.reason ?? '', failure.message ?? '');
}

function hasMoved(before: Counts, now: Counts): boolean {
  return (
    now.updatedReplicas > before.updatedReplicas ||
    now.replicas - now.updatedReplicas < before.replicas - before.updatedReplicas ||
    now.readyReplicas > before.readyReplicas ||
    now.availableReplicas > before.availableReplicas
  );
}

/** Milliseconds until the rollout counts as stuck; 0 if it does; undefined if nobody waits for it. */
export function deadlineInMs({ conditions, spec, now, hasDeadline }: DeploymentPass): number | undefined {
  const progressing = conditions.get('Progressing');
  if (!hasDeadline || progressing === undefined || progressing.reason === 'NewReplicaSetAvailable') return undefined;
  if (progressing.reason === 'ProgressDeadlineExceeded') return 0;
  const since = parseTime(progressing.lastUpdateTime ?? progressing.lastTransitionTime ?? '');
  return Math.max(0, since + (spec.progressDeadlineSeconds ?? 0) * 1000 - now);
}
