import type { NodeManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

export const nodeKind: KindDescriptor<NodeManifest> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
  model: 'Node',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  applyDefaults: (draft) => {
    draft.spec ??= {};
    if (!Object.isFrozen(draft.spec)) {
      const first = draft.spec.podCIDR ?? draft.spec.podCIDRs?.[0];
      if (first !== undefined && first !== '') {
        draft.spec.podCIDR = first;
        draft.spec.podCIDRs ??= [first];
      }
    }
    const status = draft.status;
    if (status?.capacity !== undefined && status.allocatable === undefined && !Object.isFrozen(status))
      status.allocatable = { ...status.capacity };
  },
  selectableFields: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
};
