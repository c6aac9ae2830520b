import type { LeaseManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

export const leaseKind: KindDescriptor<LeaseManifest> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  shortNames: [],
  categories: [],
  namespaced: true,
  model: 'Lease',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    draft.spec ??= {};
  },
};
