import type { PriorityClassManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

export const priorityClassKind: KindDescriptor<PriorityClassManifest> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  singular: 'priorityclass',
  shortNames: ['pc'],
  categories: [],
  namespaced: false,
  model: 'PriorityClass',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: false,
  applyDefaults: (draft) => {
    draft.preemptionPolicy ??= 'PreemptLowerPriority';
  },
};
