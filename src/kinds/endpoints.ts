import type { FieldErrors } from '../api/field-errors.ts';
import type { EndpointAddress, EndpointPort, EndpointsManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import {
  validateChoice,
  validateDnsLabel,
  validateDnsSubdomain,
  validateIp,
  validateNonSpecialIp,
  validatePortNumber,
  validateQualifiedName,
} from './field-checks.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const shownMax = 3;

function validateAddress(address: EndpointAddress, path: string, errors: FieldErrors): void {
  validateIp(address.ip, `${path}.ip`, errors);
  if (address.hostname !== undefined && address.hostname !== '') validateDnsLabel(address.hostname, `${path}.hostname`, errors);
  if (address.nodeName !== undefined) validateDnsSubdomain(address.nodeName, `${path}.nodeName`, errors);
  validateNonSpecialIp(address.ip, `${path}.ip`, errors);
}

function validatePort(port: EndpointPort, needsName: boolean, path: string, errors: FieldErrors): void {
  if (port.name !== undefined && port.name !== '') validateDnsLabel(port.name, `${path}.name`, errors);
  else if (needsName) errors.required(`${path}.name`);
  validatePortNumber(port.port, `${path}.port`, errors);
  validateChoice(port.protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`, errors);
  if (port.appProtocol !== undefined) validateQualifiedName(port.appProtocol, `${path}.appProtocol`, errors);
}

function validate(endpoints: EndpointsManifest, errors: FieldErrors): void {
  for (const [i, subset] of (endpoints.subsets ?? []).entries()) {
    const path = `subsets[${i}]`;
    const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
    if (addresses.length + notReadyAddresses.length === 0) errors.required(path, 'must specify `addresses` or `notReadyAddresses`');
    for (const [a, address] of addresses.entries()) validateAddress(address, `${path}.addresses[${a}]`, errors);
    for (const [a, address] of notReadyAddresses.entries()) validateAddress(address, `${path}.notReadyAddresses[${a}]`, errors);
    for (const [p, port] of ports.entries()) validatePort(port, ports.length > 1, `${path}.ports[${p}]`, errors);
  }
}

function endpointsText(endpoints: Stored<EndpointsManifest>): string {
  const subsets = endpoints.subsets ?? [];
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip);
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)));
  });
  const shown = all.slice(0, shownMax).join(',');
  return all.length > shownMax ? `${shown} + ${all.length - shownMax} more...` : shown;
}

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
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    for (const subset of draft.subsets ?? []) {
      for (const port of subset.ports ?? []) if (!Object.isFrozen(port)) port.protocol ||= 'TCP';
    }
  },
  validate,
  warnings: () => ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  columns: [nameColumn, column('Endpoints', endpointsText), ageColumn],
};

/**
 * The older form of the addresses behind a Service.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/#endpoints
 */
export class Endpoints extends Handle<EndpointsManifest> {
  constructor(manifest: EndpointsManifest, client?: Client) {
    super(endpointsKind, manifest, client);
  }

  get subsets(): EndpointsManifest['subsets'] {
    return this.object.subsets;
  }
}
