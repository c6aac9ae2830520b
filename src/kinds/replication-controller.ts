import type { ReplicationControllerManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';

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
  selectableFields: { 'status.replicas': (controller) => String(controller.status?.replicas ?? 0) },
};
