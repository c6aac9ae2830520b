import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { StatefulSetManifest, StatefulSetSpec, StatefulSetUpdateStrategy } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { validateAnnotations, validateLabels } from '../api/label-validation.ts';
import { ageColumn, column, containersColumn, imagesColumn, nameColumn } from './columns.ts';
import { validateNonNegative, validateOptionalChoice } from './field-checks.ts';
import { defaultClaimSpec } from './persistent-volume-claim.ts';
import { validatePodAnnotations } from './pod/annotations.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import { validateCollisionCount, validateReplicaStatus } from './replica-status.ts';
import { compiled, validateEndless, validateRequiredSelector, validateSelected } from './workload/template-validation.ts';
import type { Client } from '../api/client.ts';
import { PersistentVolumeClaim, persistentVolumeClaimKind } from './persistent-volume-claim.ts';
import { statefulSetProgress } from './workload/set-progress.ts';
import { RevisionedOwner } from './workload/revisioned-owner.ts';
import type { RolloutProgress } from './workload/rollout.ts';

const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const mutableText = `${mutable
  .slice(0, -1)
  .map((field) => `'${field}'`)
  .join(', ')} and 'minReadySeconds'`;

function defaultSpec(spec: Draft<StatefulSetSpec>): void {
  spec.podManagementPolicy ||= 'OrderedReady';
  const strategy = (spec.updateStrategy ??= {});
  strategy.type ||= 'RollingUpdate';
  if (strategy.type === 'RollingUpdate') {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.partition ??= 0;
  }
  const retention = (spec.persistentVolumeClaimRetentionPolicy ??= {});
  retention.whenDeleted ||= 'Retain';
  retention.whenScaled ||= 'Retain';
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  defaultPodTemplate(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    if (Object.isFrozen(claim)) continue;
    claim.apiVersion ??= 'v1';
    claim.kind ??= 'PersistentVolumeClaim';
    defaultClaimSpec((claim.spec ??= {}));
    claim.status ??= {};
    claim.status.phase ||= 'Pending';
  }
}

function validateStrategy(strategy: StatefulSetUpdateStrategy, errors: FieldErrors): void {
  const path = 'spec.updateStrategy';
  const { type = '', rollingUpdate } = strategy;
  if (type === '') errors.required(path);
  else if (type === 'OnDelete') {
    if (rollingUpdate !== undefined)
      errors.invalid(
        `${path}.rollingUpdate`,
        goValue('apps.RollingUpdateStatefulSetStrategy', rollingUpdate),
        "only allowed for updateStrategy 'RollingUpdate'",
      );
  } else if (type !== 'RollingUpdate')
    errors.invalid(path, goValue('apps.StatefulSetUpdateStrategy', strategy), "must be 'RollingUpdate' or 'OnDelete'");
  else {
    validateNonNegative(rollingUpdate?.partition, `${path}.rollingUpdate.partition`, errors);
    if (rollingUpdate?.maxUnavailable !== undefined) errors.forbidden(`${path}.rollingUpdate.maxUnavailable`, 'is not supported');
  }
}

/** As in Kubernetes, the spec of the template is checked when a pod is made of it: the claims are part of its volumes only then. */
function validateTemplate(spec: Partial<StatefulSetSpec>, errors: FieldErrors): void {
  const { template = {}, selector } = spec;
  const matcher = compiled(selector);
  if (matcher === undefined) errors.invalid('spec.selector', goValue('v1.LabelSelector', selector), '');
  else {
    validateSelected(template, matcher, 'spec.template', errors);
    const { labels, annotations } = template.metadata ?? {};
    validateLabels(labels, 'spec.template.labels', errors);
    validateAnnotations(annotations, 'spec.template.annotations', errors);
    validatePodAnnotations(annotations, template.spec ?? { containers: [] }, 'spec.template.annotations', errors);
  }
  validateEndless(template, 'StatefulSet', 'spec.template', errors);
}

function validate(set: StatefulSetManifest, errors: FieldErrors): void {
  const spec: Partial<StatefulSetSpec> = set.spec ?? {};
  const policy = spec.podManagementPolicy ?? '';
  if (policy === '') errors.required('spec.podManagementPolicy');
  else if (policy !== 'OrderedReady' && policy !== 'Parallel')
    errors.invalid('spec.podManagementPolicy', policy, "must be 'OrderedReady' or 'Parallel'");
  validateStrategy(spec.updateStrategy ?? {}, errors);
  for (const when of ['whenDeleted', 'whenScaled'] as const) {
    const path = `spec.persistentVolumeClaimRetentionPolicy.${when}`;
    validateOptionalChoice(spec.persistentVolumeClaimRetentionPolicy?.[when], ['Delete', 'Retain'], path, errors);
  }
  validateNonNegative(spec.replicas, 'spec.replicas', errors);
  validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors);
  validateNonNegative(spec.ordinals?.start, 'spec.ordinals.start', errors);
  validateRequiredSelector(spec.selector, 'empty selector is invalid for statefulset', 'spec.selector', errors);
  validateTemplate(spec, errors);
}

function validateUpdate(set: StatefulSetManifest, old: StatefulSetManifest, errors: FieldErrors): void {
  const fixed: Record<string, unknown> = { ...set.spec };
  for (const field of mutable) fixed[field] = old.spec?.[field];
  if (!deepEqual(fixed, old.spec))
    errors.forbidden('spec', `updates to statefulset spec for fields other than ${mutableText} are forbidden`);
}

export const statefulSetKind: KindDescriptor<StatefulSetManifest> = {
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  model: 'StatefulSet',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: true,
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', selectorPath: '.spec.selector' },
  applyDefaults: ({ spec }) => {
    if (spec !== undefined && !Object.isFrozen(spec)) defaultSpec(spec);
  },
  prepareForCreate: (draft) => {
    draft.status = { replicas: 0, availableReplicas: 0 };
  },
  validate,
  validateUpdate,
  validateStatusUpdate: ({ status }, old, errors) => {
    validateReplicaStatus(status ?? {}, ['currentReplicas', 'updatedReplicas'], errors);
    validateCollisionCount(status?.collisionCount, old.status?.collisionCount, errors);
  },
  columns: [
    nameColumn,
    column('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    ageColumn,
    containersColumn((set) => set.spec?.template),
    imagesColumn((set) => set.spec?.template),
  ],
};

/**
 * Keeps Pods that each have a name and volumes of their own.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/
 */
export class StatefulSet extends RevisionedOwner<StatefulSetManifest> {
  constructor(manifest: StatefulSetManifest, client?: Client) {
    super(statefulSetKind, manifest, client);
  }

  get spec(): StatefulSetSpec {
    return this.object.spec!;
  }

  get status(): Partial<NonNullable<StatefulSetManifest['status']>> {
    return this.object.status ?? {};
  }

  /** Asks for another number of Pods; `ready()` waits for them. */
  scale(replicas: number): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { replicas } } });
  }

  /** The claims made from its templates, also those of Pods that are gone. */
  claims(): readonly PersistentVolumeClaim[] {
    const templates = (this.spec.volumeClaimTemplates ?? []).map((template) => `${template.metadata?.name ?? ''}-${this.name}-`);
    const client = this.client;
    return client
      .list(persistentVolumeClaimKind, { namespace: this.namespace })
      .filter(({ metadata: { name } }) => templates.some((start) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length))))
      .map((claim) => new PersistentVolumeClaim(claim, client).bind(client, claim));
  }

  protected progress(): RolloutProgress {
    return statefulSetProgress(this.object);
  }
}
