import type { EndpointsManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

export const endpointsKind: KindDescriptor<EndpointsManifest> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  categories: [],
  namespaced: true,
  model: 'Endpoints',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    for (const subset of draft.subsets ?? []) {
      for (const port of subset.ports ?? []) if (!Object.isFrozen(port)) port.protocol ||= 'TCP';
    }
  },
};
