import type { EndpointSliceManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

export const endpointSliceKind: KindDescriptor<EndpointSliceManifest> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  shortNames: [],
  categories: [],
  namespaced: true,
  model: 'EndpointSlice',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: false,
  applyDefaults: (draft) => {
    for (const port of draft.ports ?? []) {
      if (Object.isFrozen(port)) continue;
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
};
