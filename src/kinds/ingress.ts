import type { IngressManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateIngress, validateIngressStatus, validateNewIngress } from './ingress/ingress-validation.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const hostsMax = 3;

function hostsText({ spec }: Stored<IngressManifest>): string {
  const hosts = (spec?.rules ?? []).map(({ host = '' }) => host).filter((host) => host !== '');
  if (hosts.length === 0) return '*';
  const shown = hosts.slice(0, hostsMax).join(',');
  return hosts.length > hostsMax ? `${shown} + ${hosts.length - hostsMax} more...` : shown;
}

export const ingressKind: KindDescriptor<IngressManifest> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  categories: [],
  namespaced: true,
  model: 'Ingress',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: true,
  prepareForCreate: (draft) => {
    draft.status = { loadBalancer: {} };
  },
  validate: validateIngress,
  validateCreate: validateNewIngress,
  validateStatusUpdate: (ingress, _old, errors) => validateIngressStatus(ingress, errors),
  columns: [
    nameColumn,
    column('Class', ({ metadata, spec }) => spec?.ingressClassName ?? metadata.annotations?.['kubernetes.io/ingress.class'] ?? '<none>'),
    column('Hosts', hostsText),
    column('Address', ({ status }) => (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').join(',')),
    column('Ports', ({ spec }) => ((spec?.tls ?? []).length > 0 ? '80, 443' : '80')),
    ageColumn,
  ],
};

/**
 * Which HTTP requests from outside go to which Service.
 * Source: https://kubernetes.io/docs/concepts/services-networking/ingress/
 */
export class Ingress extends Handle<IngressManifest> {
  constructor(manifest: IngressManifest, client?: Client) {
    super(ingressKind, manifest, client);
  }

  get spec(): NonNullable<IngressManifest['spec']> {
    return this.object.spec ?? {};
  }

  get status(): Partial<NonNullable<IngressManifest['status']>> {
    return this.object.status ?? {};
  }
}
