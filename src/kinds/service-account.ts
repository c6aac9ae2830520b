import type { ServiceAccountManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

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

/**
 * Who a Pod is for the API.
 * Source: https://kubernetes.io/docs/concepts/security/service-accounts/
 */
export class ServiceAccount extends Handle<ServiceAccountManifest> {
  constructor(manifest: ServiceAccountManifest, client?: Client) {
    super(serviceAccountKind, manifest, client);
  }
}
