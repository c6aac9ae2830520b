import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { IPBlock, NetworkPolicyManifest, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../api/generated/models.ts';
import { isCidr } from '../api/ip-address.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { validateLabelSelector } from '../api/label-validation.ts';
import { ageColumn, column, nameColumn, selectorText } from './columns.ts';
import { validateCidr, validateOptionalChoice, validatePort, validatePortNumber } from './field-checks.ts';
import { isStrictlyInside } from './ip-range.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const directions = ['Ingress', 'Egress'];

function defaultSpec(spec: Draft<NetworkPolicySpec>): void {
  if ((spec.policyTypes ?? []).length === 0) spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  const rules = [...(spec.ingress ?? []), ...(spec.egress ?? [])];
  for (const port of rules.flatMap((rule) => rule.ports ?? [])) if (!Object.isFrozen(port)) port.protocol ??= 'TCP';
}

function validatePolicyPort({ port, endPort, protocol }: NetworkPolicyPort, path: string, errors: FieldErrors): void {
  validateOptionalChoice(protocol, ['TCP', 'UDP', 'SCTP'], `${path}.protocol`, errors);
  if (port !== undefined) validatePort(port, `${path}.port`, errors);
  if (endPort === undefined) return;
  if (port === undefined) errors.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified');
  else if (typeof port === 'string') errors.invalid(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric');
  else {
    if (endPort < port) errors.invalid(`${path}.endPort`, endPort, 'must be greater than or equal to `port`');
    validatePortNumber(endPort, `${path}.endPort`, errors);
  }
}

function validateBlock({ cidr, except = [] }: IPBlock, path: string, errors: FieldErrors): void {
  if (cidr === '') return errors.required(`${path}.cidr`);
  validateCidr(cidr, `${path}.cidr`, errors);
  if (!isCidr(cidr)) return;
  for (const [i, range] of except.entries()) {
    validateCidr(range, `${path}.except[${i}]`, errors);
    if (isCidr(range) && !isStrictlyInside(range, cidr)) errors.invalid(`${path}.except[${i}]`, range, 'must be a strict subset of `cidr`');
  }
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string, errors: FieldErrors): void {
  validateLabelSelector(podSelector, `${path}.podSelector`, errors);
  validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`, errors);
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (ipBlock !== undefined) validateBlock(ipBlock, `${path}.ipBlock`, errors);
  else if (!selects) errors.required(path, 'must specify a peer');
  if (ipBlock !== undefined && selects) errors.forbidden(path, 'may not specify both ipBlock and another peer');
}

function validate({ spec = {} }: NetworkPolicyManifest, errors: FieldErrors): void {
  validateLabelSelector(spec.podSelector, 'spec.podSelector', errors);
  const rules = [
    ...(spec.ingress ?? []).map((rule, i) => ({ ports: rule.ports, peers: rule.from, path: `spec.ingress[${i}]`, field: 'from' })),
    ...(spec.egress ?? []).map((rule, i) => ({ ports: rule.ports, peers: rule.to, path: `spec.egress[${i}]`, field: 'to' })),
  ];
  for (const { ports = [], peers = [], path, field } of rules) {
    for (const [p, port] of ports.entries()) validatePolicyPort(port, `${path}.ports[${p}]`, errors);
    for (const [p, peer] of peers.entries()) validatePeer(peer, `${path}.${field}[${p}]`, errors);
  }
  const types = spec.policyTypes ?? [];
  if (types.length > directions.length)
    return errors.invalid('spec.policyTypes', goValue('[]networking.PolicyType', types), 'may not specify more than two policyTypes');
  for (const [i, type] of types.entries()) validateOptionalChoice(type, directions, `spec.policyTypes[${i}]`, errors);
}

export const networkPolicyKind: KindDescriptor<NetworkPolicyManifest> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  categories: [],
  namespaced: true,
  model: 'NetworkPolicy',
  nameRule: 'dns1123-subdomain',
  hasGeneration: true,
  hasStatus: false,
  applyDefaults: ({ spec }) => {
    if (spec !== undefined && !Object.isFrozen(spec)) defaultSpec(spec);
  },
  validate,
  columns: [nameColumn, column('Pod-Selector', ({ spec }) => selectorText(spec?.podSelector ?? {})), ageColumn],
};

/**
 * Who may talk to Pods.
 * Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export class NetworkPolicy extends Handle<NetworkPolicyManifest> {
  constructor(manifest: NetworkPolicyManifest, client?: Client) {
    super(networkPolicyKind, manifest, client);
  }

  get spec(): NonNullable<NetworkPolicyManifest['spec']> {
    return this.object.spec!;
  }
}
