import type { DeploymentManifest } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { orphansMatching } from '../api/matching.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { deploymentKind } from '../kinds/deployment.ts';
import { podKind } from '../kinds/pod.ts';
import { replicaSetKind } from '../kinds/replica-set.ts';
import { revisionAnnotation } from '../kinds/workload/deployment-rollout.ts';
import { claim } from './claims.ts';
import type { Controller, ObjectChange, Plan, PlannedWrite } from './controller.ts';
import { createNewest, noteNewest } from './deployment/newest-version.ts';
import { DeploymentPass } from './deployment/deployment-pass.ts';
import { deadlineInMs, deploymentStatus, isComplete, noteProgress } from './deployment/deployment-status.ts';
import { isScalingEvent, scaleVersions } from './deployment/proportional-scaling.ts';
import { oldPodsLive, stopOld } from './deployment/recreate.ts';
import { rollForward } from './deployment/rolling-update.ts';
import { pruneVersions } from './deployment/version-history.ts';
import { orphanOwners } from './orphan-owners.ts';
import { controllerOf } from './pods.ts';

const keyOf = ({ metadata }: ObjectChange['object']): string => `${metadata.namespace}/${metadata.name}`;

/**
 * Brings the Pods of a Deployment to its newest template, step by step, through one ReplicaSet for each version.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
 */
export const deployments: Controller = {
  name: 'deployment',
  component: 'deployment-controller',
  triggers: [
    { kind: deploymentKind, keys: ({ object }) => [keyOf(object)] },
    {
      kind: replicaSetKind,
      keys: (change, view) => orphanOwners(change, view, deploymentKind, ({ spec }) => LabelMatcher.of(spec?.selector)),
    },
    { kind: podKind, keys: recreatesAfter },
  ],
  reconcile(view, key, now): Plan {
    const [namespace, name] = key.split('/') as [string, string];
    const deployment = view.get(deploymentKind, namespace, name);
    if (deployment?.spec === undefined) return { writes: [] };
    const { claimed, writes } = claimSets(view, deployment);
    // Whom it controls must be settled before it decides about them.
    if (writes.length > 0) return { writes };
    const pass = new DeploymentPass(view, deployment, claimed, now);
    if (deployment.metadata.deletionTimestamp === undefined) decide(pass);
    return planOf(pass);
  },
};

/** The last Pods of an old version are gone or have ended: what Recreate waits for. */
function recreatesAfter({ type, object }: ObjectChange, view: ViewReader): readonly string[] {
  const phase = (object.status as { readonly phase?: string } | undefined)?.phase;
  if (type !== 'deleted' && phase !== 'Failed' && phase !== 'Succeeded') return [];
  const set = controllerOf(object);
  const owner = set?.kind === 'ReplicaSet' ? view.get(replicaSetKind, object.metadata.namespace, set.name) : undefined;
  const deployment = owner === undefined ? undefined : controllerOf(owner);
  return deployment?.kind === 'Deployment' ? [`${object.metadata.namespace}/${deployment.name}`] : [];
}

function claimSets(view: ViewReader, deployment: Stored<DeploymentManifest>): ReturnType<typeof claim<ReturnType<typeof setsOf>[number]>> {
  const matcher = LabelMatcher.of(deployment.spec?.selector);
  return claim(deploymentKind as KindDescriptor, deployment, replicaSetKind as KindDescriptor, setsOf(view, deployment, matcher), matcher);
}

function setsOf(view: ViewReader, { metadata }: Stored<DeploymentManifest>, matcher: LabelMatcher) {
  const orphans = orphansMatching(view, replicaSetKind, metadata.namespace ?? '', matcher);
  return [...view.controlledBy(replicaSetKind, metadata.uid), ...orphans];
}

function decide(pass: DeploymentPass): void {
  notePause(pass);
  const { newest, spec } = pass;
  if (newest !== undefined) noteNewest(pass, newest);
  if (spec.paused === true) {
    scaleVersions(pass);
    pruneVersions(pass);
  } else if (isScalingEvent(pass)) scaleVersions(pass);
  else if (pass.rolling) {
    if (newest === undefined) createNewest(pass);
    else {
      const moved = rollForward(pass, newest);
      settleRollout(pass, moved);
    }
  } else recreate(pass);
}

function recreate(pass: DeploymentPass): void {
  const { newest } = pass;
  const busy = stopOld(pass) || oldPodsLive(pass);
  if (!busy && newest === undefined) createNewest(pass);
  else {
    if (!busy && newest !== undefined && newest.replicas !== pass.replicas) pass.scale(newest, pass.replicas);
    settleRollout(pass, busy);
  }
}

function settleRollout(pass: DeploymentPass, moved: boolean): void {
  if (!moved && isComplete(pass, pass.deployment.status ?? {})) pruneVersions(pass);
  noteProgress(pass);
}

/** A pause stops the clock of the deadline; the end of it starts it again. */
function notePause({ conditions, spec, hasDeadline }: DeploymentPass): void {
  const reason = conditions.get('Progressing')?.reason;
  if (!hasDeadline || reason === 'ProgressDeadlineExceeded') return;
  if (spec.paused === true && reason !== 'DeploymentPaused')
    conditions.set('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused');
  else if (spec.paused !== true && reason === 'DeploymentPaused')
    conditions.set('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed');
}

function planOf(pass: DeploymentPass): Plan {
  const { deployment, versions } = pass;
  const writes: PlannedWrite[] = [...pass.writes, ...versions.flatMap((version) => version.write() ?? [])];
  const status = deploymentStatus(pass);
  const { annotations } = deployment.metadata;
  const shown = pass.revision === undefined ? annotations : { ...annotations, [revisionAnnotation]: pass.revision };
  if (!deepEqual(status, deployment.status) || !deepEqual(shown, annotations)) {
    const metadata = { ...deployment.metadata, ...(shown === undefined ? {} : { annotations: shown }) };
    writes.push({
      verb: 'update-status',
      kind: deploymentKind as KindDescriptor,
      object: { ...deployment, metadata, status } as KubeObject,
    });
  }
  const wait = pass.spec.paused === true ? undefined : deadlineInMs(pass);
  return wait === undefined || wait === 0 ? { writes } : { writes, requeueAfterMs: wait };
}
