import type { FieldErrors } from '../api/field-errors.ts';
import type { LeaseManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateNonNegative, validateQualifiedName } from './field-checks.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

function validate({ spec = {} }: LeaseManifest, errors: FieldErrors): void {
  const { leaseDurationSeconds: duration, strategy = '', preferredHolder = '' } = spec;
  if (duration !== undefined && duration <= 0) errors.invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0');
  validateNonNegative(spec.leaseTransitions, 'spec.leaseTransitions', errors);
  if (strategy.includes('/')) validateQualifiedName(strategy, 'spec.strategy.strategy', errors);
  else if (spec.strategy !== undefined && strategy !== 'OldestEmulationVersion') {
    errors.notSupported('spec.strategy.strategy', strategy, ['OldestEmulationVersion']);
  }
  if (preferredHolder !== '' && strategy === '') errors.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined');
}

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
  updatesUnconditionally: false,
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    draft.spec ??= {};
  },
  validate,
  columns: [nameColumn, column('Holder', (lease) => lease.spec?.holderIdentity ?? ''), ageColumn],
};

/**
 * A lock that must be renewed: how nodes say that they live.
 * Source: https://kubernetes.io/docs/concepts/architecture/leases/
 */
export class Lease extends Handle<LeaseManifest> {
  constructor(manifest: LeaseManifest, client?: Client) {
    super(leaseKind, manifest, client);
  }

  get spec(): LeaseManifest['spec'] {
    return this.object.spec;
  }
}
