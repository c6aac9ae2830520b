import type { ServicePort } from '../api/generated/models.ts';
import type { TrafficMode } from './service-proxy.ts';

/** Set on a Service: `http` or `tcp` for all its TCP ports, or per port: `web=http,db=tcp`. Stronger than `appProtocol`. */
export const protocolAnnotation = 'coxswain.dev/protocol';

/** Application protocols that are HTTP/1.1 in clear text. HTTP/2 and everything inside TLS is carried as TCP. */
const httpProtocols = new Set(['http', 'ws', 'kubernetes.io/ws']);

/**
 * How a Service port is carried: UDP by its protocol; else by the annotation, else by `appProtocol`, else by the name of the port
 * (`http` or `http-...`), else as `fallback`.
 */
export function protocolMode(port: ServicePort, annotation: string | undefined, fallback: 'tcp' | 'http'): TrafficMode {
  if (port.protocol === 'UDP') return 'udp';
  const asked = annotated(port.name ?? '', annotation);
  if (asked !== undefined) return asked;
  if (port.appProtocol !== undefined) return httpProtocols.has(port.appProtocol.toLowerCase()) ? 'http' : 'tcp';
  if (/^http(-|$)/.test(port.name ?? '')) return 'http';
  return fallback;
}

function annotated(portName: string, annotation: string | undefined): 'tcp' | 'http' | undefined {
  for (const part of annotation?.split(',') ?? []) {
    const [left = '', right] = part.split('=', 2).map((text) => text.trim());
    const mode = right ?? left;
    if ((right === undefined || left === portName) && (mode === 'http' || mode === 'tcp')) return mode;
  }
  return undefined;
}
