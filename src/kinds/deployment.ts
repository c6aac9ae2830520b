import type { FieldErrors } from '../api/field-errors.ts';
import type { DeploymentManifest, DeploymentSpec, DeploymentStrategy } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, containersColumn, imagesColumn, nameColumn, selectorText } from './columns.ts';
import { validateNonNegative, validateUnchanged } from './field-checks.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import { validateCollisionCount, validateReplicaStatus } from './replica-status.ts';
import { isNone, validateAtMostAll, validateIntOrPercent } from './workload/int-or-percent.ts';
import { compiled, validateReplicaSetTemplate, validateRequiredSelector } from './workload/template-validation.ts';

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
  if (strategy.type !== 'RollingUpdate') return errors.notSupported('spec.strategy', strategy, ['Recreate', 'RollingUpdate']);
  if (rolling === undefined) return errors.required(path, 'this should be defaulted and never be nil');
  const { maxUnavailable = 0, maxSurge = 0 } = rolling;
  validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`, errors);
  validateIntOrPercent(maxSurge, `${path}.maxSurge`, errors);
  if (isNone(maxUnavailable) && isNone(maxSurge))
    errors.invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  validateAtMostAll(maxUnavailable, `${path}.maxUnavailable`, errors);
}

function validate(deployment: DeploymentManifest, errors: FieldErrors): void {
  const spec: Partial<DeploymentSpec> = deployment.spec ?? {};
  validateNonNegative(spec.replicas, 'spec.replicas', errors);
  validateRequiredSelector(spec.selector, 'empty selector is invalid for deployment', 'spec.selector', errors);
  const matcher = compiled(spec.selector);
  if (matcher === undefined) errors.invalid('spec.selector', spec.selector, 'invalid label selector');
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
  hasStatus: true,
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', selectorPath: '.spec.selector' },
  applyDefaults: (draft) => {
    if (draft.spec !== undefined && !Object.isFrozen(draft.spec)) defaultSpec(draft.spec);
  },
  prepareForCreate: (draft) => {
    draft.status = {};
  },
  validate,
  validateUpdate: (deployment, old, errors) => validateUnchanged(deployment.spec?.selector, old.spec?.selector, 'spec.selector', errors),
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
