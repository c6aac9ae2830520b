import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { DeploymentManifest, DeploymentSpec, DeploymentStrategy } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, containersColumn, imagesColumn, nameColumn, selectorText } from './columns.ts';
import { validateNonNegative, validateUnchanged } from './field-checks.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import { validateCollisionCount, validateReplicaStatus } from './replica-status.ts';
import { isNone, validateAtMostAll, validateIntOrPercent } from './workload/int-or-percent.ts';
import { compiled, validateReplicaSetTemplate, validateRequiredSelector } from './workload/template-validation.ts';
import type { Client } from '../api/client.ts';
import type { Pod } from './pod.ts';
import { ReplicaSet, replicaSetKind } from './replica-set.ts';
import { controlledBy } from './workload/controlled.ts';
import {
  DeploymentRollout,
  deploymentProgress,
  deploymentRevisions,
  newReplicaSet,
  restoringPatch,
} from './workload/deployment-rollout.ts';
import { PodOwner } from './workload/pod-owner.ts';
import type { RolloutRevision, RolloutProgress, RolloutWaitOptions } from './workload/rollout.ts';

function defaultSpec(spec: Draft<DeploymentSpec>): void {
  spec.replicas ??= 1;
  const strategy = (spec.strategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= '25%';
    strategy.rollingUpdate.maxSurge ??= '25%';
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  defaultPodTemplate(spec.template);
}

function validateStrategy(strategy: DeploymentStrategy, errors: FieldErrors): void {
  const path = 'spec.strategy.rollingUpdate';
  const rolling = strategy.rollingUpdate;
  if (strategy.type === 'Recreate') {
    if (rolling !== undefined) errors.forbidden(path, "may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  if (strategy.type !== 'RollingUpdate')
    return errors.notSupported('spec.strategy', goValue('apps.DeploymentStrategy', strategy), ['Recreate', 'RollingUpdate']);
  if (rolling === undefined) return errors.required(path, 'this should be defaulted and never be nil');
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`, errors);
  validateIntOrPercent(maxSurge, `${path}.maxSurge`, errors);
  if (isNone(maxUnavailable) && isNone(maxSurge))
    errors.invalid(`${path}.maxUnavailable`, goValue('intstr.IntOrString', maxUnavailable), 'may not be 0 when `maxSurge` is 0');
  validateAtMostAll(maxUnavailable, `${path}.maxUnavailable`, errors);
}

function validate(deployment: DeploymentManifest, errors: FieldErrors): void {
  const spec: Partial<DeploymentSpec> = deployment.spec ?? {};
  validateNonNegative(spec.replicas, 'spec.replicas', errors);
  validateRequiredSelector(spec.selector, 'empty selector is invalid for deployment', 'spec.selector', errors);
  const matcher = compiled(spec.selector);
  if (matcher === undefined) errors.invalid('spec.selector', goValue('v1.LabelSelector', spec.selector), 'invalid label selector');
  else validateReplicaSetTemplate(spec.template ?? {}, matcher, 'spec.template', errors);
  validateStrategy(spec.strategy ?? {}, errors);
  validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors);
  validateNonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit', errors);
  const deadline = spec.progressDeadlineSeconds;
  if (deadline === undefined) return;
  validateNonNegative(deadline, 'spec.progressDeadlineSeconds', errors);
  if (deadline <= (spec.minReadySeconds ?? 0))
    errors.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
}

export const deploymentKind: KindDescriptor<DeploymentManifest> = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  model: 'Deployment',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  generationCountsAnnotations: true,
  hasStatus: true,
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', selectorPath: '.spec.selector' },
  applyDefaults: (draft) => {
    if (draft.spec !== undefined && !Object.isFrozen(draft.spec)) defaultSpec(draft.spec);
  },
  prepareForCreate: (draft) => {
    draft.status = {};
  },
  validate,
  validateUpdate: (deployment, old, errors) =>
    validateUnchanged(deployment.spec?.selector, old.spec?.selector, 'spec.selector', errors, 'v1.LabelSelector'),
  validateStatusUpdate: ({ status = {} }, old, errors) => {
    validateReplicaStatus(status, ['updatedReplicas'], errors);
    validateCollisionCount(status.collisionCount, old.status?.collisionCount, errors);
  },
  columns: [
    nameColumn,
    column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    column('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
    column('Available', ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    containersColumn((deployment) => deployment.spec?.template),
    imagesColumn((deployment) => deployment.spec?.template),
    column('Selector', ({ spec }) => selectorText(spec?.selector), { wide: true }),
  ],
};

/**
 * Keeps a number of equal Pods, and brings new versions of them in step by step.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
 *
 * @example
 * const web = cluster.deployments.get('web')!;
 * await web.setImage('web', 'web:2');
 * await web.rollout.wait();
 * await web.undo();
 */
export class Deployment extends PodOwner<DeploymentManifest> {
  constructor(manifest: DeploymentManifest, client?: Client) {
    super(deploymentKind, manifest, client);
  }

  get spec(): DeploymentSpec {
    return this.object.spec!;
  }

  get status(): NonNullable<DeploymentManifest['status']> {
    return this.object.status ?? {};
  }

  /** The ReplicaSets it controls, one for each version that is kept. */
  replicaSets(): readonly ReplicaSet[] {
    const client = this.client;
    return controlledBy(client, replicaSetKind, this.object).map((set) => new ReplicaSet(set, client).bind(client, set));
  }

  /** The Pods of all its versions. */
  override pods(): readonly Pod[] {
    return this.replicaSets().flatMap((set) => set.pods());
  }

  /** Asks for another number of Pods; `ready()` waits for them. */
  scale(replicas: number): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { replicas } } });
  }

  /** A new version: another image for one container. */
  setImage(container: string, image: string): Promise<this> {
    return this.patch({ type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: container, image }] } } } } });
  }

  /** `kubectl rollout`: how far the newest version has come, its history, and the way back. */
  get rollout(): DeploymentRollout {
    const client = this.client;
    return new DeploymentRollout({
      what: this.what,
      ref: this.ref,
      client,
      progress: () => deploymentProgress(this.object),
      revisions: () => deploymentRevisions(client, this.object),
      newPods: () => {
        const set = newReplicaSet(client, this.object);
        return set === undefined ? [] : this.podsOf(set);
      },
      evidence: () => this.evidence(),
      patch: (patch) => this.patch(patch),
      restore: (revision) => this.#restore(revision),
      locked: () => (this.spec.paused === true ? 'it is paused; resume it first' : undefined),
    });
  }

  /** Back to the version before this one, or to `toRevision`. */
  undo(options: { readonly toRevision?: number } = {}): Promise<RolloutRevision> {
    return this.rollout.undo(options);
  }

  /** Waits until the newest version is everywhere and available. */
  ready(options: RolloutWaitOptions = {}): Promise<RolloutProgress> {
    return this.rollout.wait(options);
  }

  async #restore(revision: RolloutRevision): Promise<void> {
    const set = this.client.get(replicaSetKind, { namespace: this.namespace, name: revision.name });
    const patch = set === undefined ? undefined : restoringPatch(this.object, set);
    if (patch !== undefined) await this.patch({ type: 'json', patch });
  }
}
