import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { ReplicationControllerManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { ageColumn, column, containersColumn, imagesColumn, nameColumn } from './columns.ts';
import { validateNonNegative } from './field-checks.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import { validatePodTemplate } from './pod/pod-spec.ts';
import { validateReplicaStatus } from './replica-status.ts';
import type { Client } from '../api/client.ts';
import { ReplicaOwner } from './workload/replica-owner.ts';

function validate(controller: ReplicationControllerManifest, errors: FieldErrors): void {
  const { selector = {}, template, replicas, minReadySeconds } = controller.spec ?? {};
  validateNonNegative(minReadySeconds, 'spec.minReadySeconds', errors);
  if (Object.keys(selector).length === 0) errors.required('spec.selector');
  validateNonNegative(replicas, 'spec.replicas', errors);
  if (template === undefined) return errors.required('spec.template');
  const labels = template.metadata?.labels;
  if (Object.entries(selector).some(([key, value]) => labels?.[key] !== value)) {
    errors.invalid('spec.template.metadata.labels', goValue('map[string]string', labels), '`selector` does not match template `labels`');
  }
  validatePodTemplate(template, 'spec.template', errors);
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.notSupported('spec.template.spec.restartPolicy', policy, ['Always']);
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    errors.forbidden('spec.template.spec.activeDeadlineSeconds', 'activeDeadlineSeconds in ReplicationController is not Supported');
  }
}

export const replicationControllerKind: KindDescriptor<ReplicationControllerManifest> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  model: 'ReplicationController',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: true,
  orphansByDefault: true,
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', selectorPath: '.spec.selector' },
  applyDefaults: (draft) => {
    const labels = draft.spec?.template?.metadata?.labels;
    if (labels !== undefined && draft.metadata !== undefined && Object.keys(draft.metadata.labels ?? {}).length === 0) {
      draft.metadata.labels = { ...labels };
    }
    const spec = draft.spec;
    if (spec === undefined || Object.isFrozen(spec)) return;
    if (labels !== undefined && Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    spec.replicas ??= 1;
    defaultPodTemplate(spec.template);
  },
  prepareForCreate: (draft) => {
    draft.status = { replicas: 0 };
  },
  validate,
  // Kubernetes checks the whole object a second time on updates, and says everything twice.
  validateUpdate: (controller, _old, errors) => validate(controller, errors),
  validateStatusUpdate: (controller, _old, errors) => validateReplicaStatus(controller.status ?? {}, ['fullyLabeledReplicas'], errors),
  selectableFields: { 'status.replicas': (controller) => String(controller.status?.replicas ?? 0) },
  columns: [
    nameColumn,
    column('Desired', (controller) => controller.spec?.replicas ?? 0, { type: 'integer' }),
    column('Current', (controller) => controller.status?.replicas ?? 0, { type: 'integer' }),
    column('Ready', (controller) => controller.status?.readyReplicas ?? 0, { type: 'integer' }),
    ageColumn,
    containersColumn((controller) => controller.spec?.template),
    imagesColumn((controller) => controller.spec?.template),
    column('Selector', (controller) => LabelMatcher.ofMap(controller.spec?.selector).toString(), { wide: true }),
  ],
};

/**
 * Keeps a number of equal Pods.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/
 */
export class ReplicationController extends ReplicaOwner<ReplicationControllerManifest> {
  constructor(manifest: ReplicationControllerManifest, client?: Client) {
    super(replicationControllerKind, manifest, client);
  }

  get spec(): NonNullable<ReplicationControllerManifest['spec']> {
    return this.object.spec!;
  }

  get status(): NonNullable<ReplicationControllerManifest['status']> {
    return this.object.status ?? { replicas: 0 };
  }
}
