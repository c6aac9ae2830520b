import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { ReplicaSetManifest, ReplicaSetSpec } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, containersColumn, imagesColumn, nameColumn, selectorText } from './columns.ts';
import { validateNonNegative, validateUnchanged } from './field-checks.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import { validateReplicaStatus } from './replica-status.ts';
import { compiled, validateReplicaSetTemplate, validateRequiredSelector } from './workload/template-validation.ts';
import type { Client } from '../api/client.ts';
import { ReplicaOwner } from './workload/replica-owner.ts';

function validate(set: ReplicaSetManifest, errors: FieldErrors): void {
  const spec: Partial<ReplicaSetSpec> = set.spec ?? {};
  validateNonNegative(spec.replicas, 'spec.replicas', errors);
  validateNonNegative(spec.minReadySeconds, 'spec.minReadySeconds', errors);
  validateRequiredSelector(spec.selector, 'empty selector is invalid for deployment', 'spec.selector', errors);
  const matcher = compiled(spec.selector);
  if (matcher === undefined) errors.invalid('spec.selector', goValue('v1.LabelSelector', spec.selector), 'invalid label selector');
  else validateReplicaSetTemplate(spec.template ?? {}, matcher, 'spec.template', errors);
}

export const replicaSetKind: KindDescriptor<ReplicaSetManifest> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  model: 'ReplicaSet',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: true,
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', selectorPath: '.spec.selector' },
  applyDefaults: ({ spec }) => {
    if (spec === undefined || Object.isFrozen(spec)) return;
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  prepareForCreate: (draft) => {
    draft.status = { replicas: 0 };
  },
  validate,
  validateUpdate: (set, old, errors) => {
    // Kubernetes checks the whole object a second time on updates, and says everything twice.
    validate(set, errors);
    validateUnchanged(set.spec?.selector, old.spec?.selector, 'spec.selector', errors, 'v1.LabelSelector');
  },
  validateStatusUpdate: (set, _old, errors) => validateReplicaStatus(set.status ?? {}, ['fullyLabeledReplicas'], errors),
  selectableFields: { 'status.replicas': (set) => String(set.status?.replicas ?? 0) },
  columns: [
    nameColumn,
    column('Desired', ({ spec }) => spec?.replicas ?? 0, { type: 'integer' }),
    column('Current', ({ status }) => status?.replicas ?? 0, { type: 'integer' }),
    column('Ready', ({ status }) => status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn,
    containersColumn((set) => set.spec?.template),
    imagesColumn((set) => set.spec?.template),
    column('Selector', ({ spec }) => selectorText(spec?.selector), { wide: true }),
  ],
};

/**
 * Keeps a number of equal Pods; mostly made by a Deployment, one for each version.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
 */
export class ReplicaSet extends ReplicaOwner<ReplicaSetManifest> {
  constructor(manifest: ReplicaSetManifest, client?: Client) {
    super(replicaSetKind, manifest, client);
  }

  get spec(): ReplicaSetSpec {
    return this.object.spec!;
  }

  get status(): NonNullable<ReplicaSetManifest['status']> {
    return this.object.status ?? { replicas: 0 };
  }
}
