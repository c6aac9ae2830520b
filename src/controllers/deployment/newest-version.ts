import type { ReplicaSetManifest } from '../../api/generated/models.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject } from '../../api/object.ts';
import { deploymentKind } from '../../kinds/deployment.ts';
import { replicaSetKind } from '../../kinds/replica-set.ts';
import { ownAnnotations, revisionAnnotation, templateHashLabel } from '../../kinds/workload/deployment-rollout.ts';
import type { WriteFailure } from '../controller.ts';
import { controllerRef } from '../pods.ts';
import { templateHash } from '../template-hash.ts';
import type { DeploymentPass } from './deployment-pass.ts';
import { desiredReplicasAnnotation, maxReplicasAnnotation, type Version } from './version.ts';

const revisionHistoryAnnotation = 'deployment.kubernetes.io/revision-history';

/** Gives the newest version its revision and what the Deployment says of it; shows the revision on the Deployment. */
export function noteNewest(pass: DeploymentPass, newest: Version): void {
  const before = newest.annotation(revisionAnnotation);
  const revision = Math.max(0, ...pass.old.map((version) => version.revision)) + 1;
  newest.annotate(sharedAnnotations(pass));
  if (newest.revision < revision) {
    const history = [newest.annotation(revisionHistoryAnnotation), before].filter((each) => each !== undefined).join(',');
    newest.annotate({ [revisionAnnotation]: String(revision), ...(before === undefined ? {} : { [revisionHistoryAnnotation]: history }) });
  }
  newest.readyAfter(pass.spec.minReadySeconds ?? 0);
  pass.revision = newest.annotation(revisionAnnotation);
  if (!pass.hasDeadline) return;
  const isNews = pass.deployment.metadata.annotations?.[revisionAnnotation] !== pass.revision;
  const isFresh = newest.annotation(revisionHistoryAnnotation) === undefined && newest.set.metadata.generation === 1;
  if (isNews && isFresh) pass.conditions.set('Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${newest.name}"`);
  else if (pass.conditions.get('Progressing') === undefined)
    pass.conditions.set('Progressing', 'True', 'FoundNewReplicaSet', `Found new replica set "${newest.name}"`);
}

/**
 * Makes the ReplicaSet of the template that is wanted. Its name follows from the template, so that a repeat meets AlreadyExists; if
 * the name belongs to something else, the Deployment counts a collision, and the next pass tries another name.
 */
export function createNewest(pass: DeploymentPass): void {
  const { deployment, view, spec } = pass;
  const { namespace = '', name } = deployment.metadata;
  const hash = templateHash(spec.template, pass.collisionCount);
  const setName = `${name}-${hash}`;
  if (view.get(replicaSetKind, namespace, setName) !== undefined) {
    pass.collisionCount = (pass.collisionCount ?? 0) + 1;
    return;
  }
  const replicas = pass.roomFor(0);
  pass.writes.push({
    verb: 'create',
    kind: replicaSetKind as KindDescriptor,
    object: newSet(pass, setName, hash, replicas) as KubeObject,
    told: {
      regarding: pass.ref,
      ...(replicas > 0
        ? { success: { reason: 'ScalingReplicaSet', message: `Scaled up replica set ${setName} from 0 to ${replicas}` } }
        : {}),
      failure: { reason: 'ReplicaSetCreateError', message: `Failed to create new replica set "${setName}"` },
    },
  });
  const failure = view.table<WriteFailure>('write-failures').get(`deployment/${namespace}/${name}`);
  if (failure?.verb === 'create' && pass.hasDeadline)
    pass.conditions.set(
      'Progressing',
      'False',
      'ReplicaSetCreateError',
      `Failed to create new replica set "${setName}": ${failure.message}`,
    );
}

function newSet(pass: DeploymentPass, name: string, hash: string, replicas: number): ReplicaSetManifest {
  const { deployment, spec } = pass;
  const { namespace = '' } = deployment.metadata;
  const labels = { ...spec.template.metadata?.labels, [templateHashLabel]: hash };
  const revision = Math.max(0, ...pass.old.map((version) => version.revision)) + 1;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      namespace,
      name,
      labels,
      annotations: {
        ...sharedAnnotations(pass),
        [revisionAnnotation]: String(revision),
        [desiredReplicasAnnotation]: String(pass.replicas),
        [maxReplicasAnnotation]: String(pass.replicas + pass.surge),
      },
      ownerReferences: [controllerRef(deploymentKind as KindDescriptor, deployment)],
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds === undefined || spec.minReadySeconds === 0 ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [templateHashLabel]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  };
}

/** What a version takes over of its Deployment's annotations. */
function sharedAnnotations({ deployment }: DeploymentPass): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !ownAnnotations.has(key)));
}
