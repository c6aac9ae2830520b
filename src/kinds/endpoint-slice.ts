import type { FieldErrors } from '../api/field-errors.ts';
import type { DiscoveryEndpointPort, Endpoint, EndpointSliceManifest } from '../api/generated/models.ts';
import { isIpAddress, isIpv6Address } from '../api/ip-address.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { validateLabels } from '../api/label-validation.ts';
import { checkDns1123Subdomain } from '../api/names.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import {
  validateChoice,
  validateDnsLabel,
  validateDnsSubdomain,
  validateNonSpecialIp,
  validatePortNumber,
  validateQualifiedName,
  validateUnchanged,
} from './field-checks.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const addressTypes = ['FQDN', 'IPv4', 'IPv6'];
const endpointsMax = 1000;
const addressesMax = 100;
const portsMax = 20_000;
const topologyMax = 16;
const hintsMax = 8;
const shownMax = 3;

function validateAddress(address: string, type: string, path: string, errors: FieldErrors): void {
  if (type === 'FQDN') {
    for (const problem of checkDns1123Subdomain(address)) errors.invalid(path, address, problem);
    if (!address.includes('.')) errors.invalid(path, address, 'should be a domain with at least two segments separated by dots');
    return;
  }
  if (type !== 'IPv4' && type !== 'IPv6') return;
  const fits = isIpAddress(address) && isIpv6Address(address) === (type === 'IPv6');
  if (!fits) errors.invalid(path, address, `must be a valid ${type} address`);
  validateNonSpecialIp(address, path, errors);
}

function validateHints({ hints }: Endpoint, path: string, errors: FieldErrors): void {
  const zones = hints?.forZones ?? [];
  if (zones.length > hintsMax) return errors.tooMany(path, zones.length, hintsMax);
  for (const [i, { name }] of zones.entries()) {
    if (zones.findIndex((zone) => zone.name === name) < i) errors.duplicate(`${path}[${i}].name`, name);
    validateQualifiedName(name, `${path}[${i}].name`, errors);
  }
}

function validateEndpoint(endpoint: Endpoint, type: string, path: string, errors: FieldErrors): void {
  const { addresses, deprecatedTopology } = endpoint;
  if (addresses.length === 0) errors.required(`${path}.addresses`, 'must contain at least 1 address');
  else if (addresses.length > addressesMax) errors.tooMany(`${path}.addresses`, addresses.length, addressesMax);
  for (const [i, address] of addresses.entries()) validateAddress(address, type, `${path}.addresses[${i}]`, errors);
  if (endpoint.nodeName !== undefined) validateDnsSubdomain(endpoint.nodeName, `${path}.nodeName`, errors);
  const labels = Object.keys(deprecatedTopology ?? {}).length;
  if (labels > topologyMax) errors.tooMany(`${path}.deprecatedTopology`, labels, topologyMax);
  validateLabels(deprecatedTopology, `${path}.deprecatedTopology`, errors);
  if (endpoint.hostname !== undefined) validateDnsLabel(endpoint.hostname, `${path}.hostname`, errors);
  validateHints(endpoint, `${path}.hints.forZones`, errors);
}

function validatePorts(ports: readonly DiscoveryEndpointPort[], errors: FieldErrors): void {
  if (ports.length > portsMax) return errors.tooMany('ports', ports.length, portsMax);
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const path = `ports[${i}]`;
    const { name = '' } = port;
    if (name !== '') validateDnsLabel(name, `${path}.name`, errors);
    if (names.has(name)) errors.duplicate(`${path}.name`, name);
    names.add(name);
    validateChoice(port.protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`, errors);
    if (port.port !== undefined) validatePortNumber(port.port, `${path}.port`, errors);
    if (port.appProtocol !== undefined) validateQualifiedName(port.appProtocol, `${path}.appProtocol`, errors);
  }
}

function validate(slice: EndpointSliceManifest, errors: FieldErrors): void {
  validateChoice(slice.addressType, addressTypes, 'addressType', errors);
  const endpoints = slice.endpoints ?? [];
  if (endpoints.length > endpointsMax) errors.tooMany('endpoints', endpoints.length, endpointsMax);
  else for (const [i, endpoint] of endpoints.entries()) validateEndpoint(endpoint, slice.addressType, `endpoints[${i}]`, errors);
  validatePorts(slice.ports ?? [], errors);
}

function shorten(texts: readonly string[], none: string): string {
  if (texts.length === 0) return none;
  const shown = texts.slice(0, shownMax).join(',');
  return texts.length > shownMax ? `${shown} + ${texts.length - shownMax} more...` : shown;
}

function portText(port: DiscoveryEndpointPort): string {
  return port.port === undefined ? '*' : String(port.port);
}

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
  updatesUnconditionally: false,
  hasGeneration: true,
  hasStatus: false,
  applyDefaults: (draft) => {
    for (const port of draft.ports ?? []) {
      if (Object.isFrozen(port)) continue;
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate,
  validateUpdate: (slice, old, errors) => validateUnchanged(slice.addressType, old.addressType, 'addressType', errors),
  columns: [
    nameColumn,
    column('AddressType', (slice) => slice.addressType),
    column('Ports', (slice) => shorten((slice.ports ?? []).map(portText), '<unset>')),
    column('Endpoints', (slice: Stored<EndpointSliceManifest>) =>
      shorten(
        (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
        '<unset>',
      ),
    ),
    ageColumn,
  ],
};

/**
 * Addresses behind a Service.
 * Source: https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/
 */
export class EndpointSlice extends Handle<EndpointSliceManifest> {
  constructor(manifest: EndpointSliceManifest, client?: Client) {
    super(endpointSliceKind, manifest, client);
  }

  get endpoints(): EndpointSliceManifest['endpoints'] {
    return this.object.endpoints;
  }
}
