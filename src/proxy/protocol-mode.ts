import type { ServicePort } from '../api/generated/models.ts';
import type { TrafficMode } from './service-proxy.ts';

/** How a TCP port may be carried. */
export type StreamMode = Exclude<TrafficMode, 'udp'>;

/** Set on a Service: `http`, `tcp` or `auto` for all its TCP ports, or per port: `web=http,db=tcp`. Stronger than `appProtocol`. */
export const protocolAnnotation = 'coxswain.dev/protocol';

/** Application protocols that are HTTP/1.1 in clear text. HTTP/2 and everything inside TLS is carried as TCP. */
const httpProtocols = new Set(['http', 'ws', 'kubernetes.io/ws']);

/**
 * How a Service port is carried: UDP by its protocol; else by the annotation, else by `appProtocol`, else by the name of the port
 * (`http` or `http-...`), else as `fallback`.
 */
export function protocolMode(port: ServicePort, annotation: string | undefined, fallback: StreamMode): TrafficMode {
  if (port.protocol === 'UDP') return 'udp';
  const asked = annotated(port.name ?? '', annotation);
  if (asked !== undefined) return asked;
  if (port.appProtocol !== undefined) return httpProtocols.has(port.appProtocol.toLowerCase()) ? 'http' : 'tcp';
  if (/^http(-|$)/.test(port.name ?? '')) return 'http';
  return fallback;
}

const isStreamMode = (mode: string): mode is StreamMode => mode === 'http' || mode === 'tcp' || mode === 'auto';

function annotated(portName: string, annotation: string | undefined): StreamMode | undefined {
  for (const part of annotation?.split(',') ?? []) {
    const [left = '', right] = part.split('=', 2).map((text) => text.trim());
    const mode = right ?? left;
    if ((right === undefined || left === portName) && isStreamMode(mode)) return mode;
  }
  return undefined;
}
