import { createHash } from 'node:crypto';
import type { EndpointPort } from '../api/generated/models.ts';

/** What Kubernetes makes its hash of: the port as Go writes it. */
const goText = ({ name = '', port, protocol = 'TCP', appProtocol }: EndpointPort): string =>
  `(v1.EndpointPort){Name:(string)${name} Port:(int32)${port} Protocol:(v1.Protocol)${protocol} AppProtocol:(*string)${appProtocol ?? '<nil>'}}`;

const hashOf = (port: EndpointPort): string => createHash('md5').update(goText(port)).digest('hex');

/** Ports in the order Kubernetes writes them in Endpoints, which is that of their hashes: clients compare lists. */
export function inHashOrder(ports: readonly EndpointPort[]): readonly EndpointPort[] {
  if (ports.length < 2) return ports;
  return ports
    .map((port) => ({ port, hash: hashOf(port) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : 1))
    .map(({ port }) => port);
}
