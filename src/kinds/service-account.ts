import type { ServiceAccountManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, nameColumn } from './columns.ts';

export const serviceAccountKind: KindDescriptor<ServiceAccountManifest> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  categories: [],
  namespaced: true,
  model: 'ServiceAccount',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  returnsDeleted: true,
  columns: [nameColumn, column('Secrets', (account) => (account.secrets ?? []).length), ageColumn],
};
