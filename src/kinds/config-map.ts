import type { ConfigMapManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

export const configMapKind: KindDescriptor<ConfigMapManifest> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  namespaced: true,
  model: 'ConfigMap',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
};
