import type { Client } from '../../api/client.ts';
import { deepEqual } from '../../api/deep-equal.ts';
import type { DeploymentManifest, PodTemplateSpec, ReplicaSetManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { replicaSetKind } from '../replica-set.ts';
import { controlledBy } from './controlled.ts';
import { changeCauseAnnotation } from './controller-revisions.ts';
import { Rollout, type RolloutRevision, type RolloutProgress, type RolloutSubject } from './rollout.ts';

type StoredDeployment = Stored<DeploymentManifest>;
type StoredReplicaSet = Stored<ReplicaSetManifest>;

export const revisionAnnotation = 'deployment.kubernetes.io/revision';
export const templateHashLabel = 'pod-template-hash';

/** Annotations that belong to the Deployment or to one ReplicaSet, and do not go back with a version. */
export const ownAnnotations: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

/** How far a Deployment's newest template has come. */
export function deploymentProgress({ metadata, spec, status = {} }: StoredDeployment): RolloutProgress {
  const waiting = `Waiting for deployment ${JSON.stringify(metadata.name)} rollout to finish:`;
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const wanted = spec?.replicas ?? 1;
  if ((metadata.generation ?? 0) > (status.observedGeneration ?? 0))
    return { done: false, message: 'Waiting for deployment spec update to be observed...' };
  const progressing = status.conditions?.find(({ type }) => type === 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded') {
    const failure = `deployment ${JSON.stringify(metadata.name)} exceeded its progress deadline`;
    return { done: false, message: failure, failure };
  }
  if (updatedReplicas < wanted)
    return { done: false, message: `${waiting} ${updatedReplicas} out of ${wanted} new replicas have been updated...` };
  if (replicas > updatedReplicas)
    return { done: false, message: `${waiting} ${replicas - updatedReplicas} old replicas are pending termination...` };
  if (availableReplicas < updatedReplicas)
    return { done: false, message: `${waiting} ${availableReplicas} of ${updatedReplicas} updated replicas are available...` };
  return { done: true, message: `deployment ${JSON.stringify(metadata.name)} successfully rolled out` };
}

/** A template as its owner wrote it: without the label that tells the ReplicaSets of a Deployment apart. */
export function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [templateHashLabel]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

function revisionOf(set: StoredReplicaSet): number {
  return Number(set.metadata.annotations?.[revisionAnnotation] ?? 0);
}

export function deploymentRevisions(client: Client, deployment: StoredDeployment): readonly RolloutRevision[] {
  return controlledBy(client, replicaSetKind, deployment)
    .filter((set) => revisionOf(set) > 0)
    .map((set) => ({
      revision: revisionOf(set),
      name: set.metadata.name,
      template: withoutHash(set.spec?.template ?? {}),
      changeCause: set.metadata.annotations?.[changeCauseAnnotation],
    }));
}

/** The ReplicaSet of the template that is wanted now; undefined before there is one. */
export function newReplicaSet(client: Client, deployment: StoredDeployment): StoredReplicaSet | undefined {
  const wanted = withoutHash(deployment.spec?.template ?? {});
  return controlledBy(client, replicaSetKind, deployment).find((set) => deepEqual(withoutHash(set.spec?.template ?? {}), wanted));
}

/** The patch that makes an old version the one that is wanted; undefined if it is already. */
export function restoringPatch(deployment: StoredDeployment, set: StoredReplicaSet): readonly object[] | undefined {
  const template = withoutHash(set.spec?.template ?? {});
  if (deepEqual(template, withoutHash(deployment.spec?.template ?? {}))) return undefined;
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => ownAnnotations.has(key));
  const old = Object.entries(set.metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key));
  return [
    { op: 'replace', path: '/spec/template', value: template },
    { op: 'add', path: '/metadata/annotations', value: Object.fromEntries([...own, ...old]) },
  ];
}

/** The verbs of `kubectl rollout` for a Deployment, which can also be paused. */
export class DeploymentRollout extends Rollout {
  readonly #subject: RolloutSubject;

  constructor(subject: RolloutSubject) {
    super(subject);
    this.#subject = subject;
  }

  /** Changes of the template wait until `resume`. */
  async pause(): Promise<void> {
    await this.#subject.patch({ type: 'merge', patch: { spec: { paused: true } } });
  }

  async resume(): Promise<void> {
    await this.#subject.patch({ type: 'merge', patch: { spec: { paused: null } } });
  }
}
