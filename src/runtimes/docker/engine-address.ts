import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../errors.ts';

export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** False: any certificate will do. */
  readonly verify: boolean;
}

/** Where an engine listens. */
export type EngineAddress =
  | { readonly type: 'socket'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number; readonly tls: TlsFiles | undefined }
  | { readonly type: 'ssh'; readonly destination: string; readonly port: number | undefined; readonly socket: string | undefined };

/** The folder's `ca.pem`, `cert.pem` and `key.pem`; those that are missing are left out. */
export function tlsFilesOf(folder: string, verify: boolean): TlsFiles {
  const files: { ca?: Buffer; cert?: Buffer; key?: Buffer } = {};
  for (const name of ['ca', 'cert', 'key'] as const) {
    try {
      files[name] = readFileSync(join(folder, `${name}.pem`));
    } catch {
      // A client certificate may be given or not.
    }
  }
  return { ...files, verify };
}

/**
 * Reads a host as `DOCKER_HOST` has it: `unix:///var/run/docker.sock`, `npipe:////./pipe/docker_engine`, `tcp://host:2376`,
 * `https://host:2376`, `ssh://user@host:22`.
 *
 * @param tls Certificates to use with `tcp://`.
 * @throws ConfigurationError if it is none of these.
 */
export function parseEngineHost(text: string, tls?: TlsFiles): EngineAddress {
  if (text.startsWith('unix://')) return { type: 'socket', path: text.slice('unix://'.length) };
  if (text.startsWith('npipe://')) return { type: 'socket', path: text.slice('npipe://'.length).replaceAll('/', '\\') };
  if (text.startsWith('/')) return { type: 'socket', path: text };
  let url: URL | undefined;
  try {
    url = new URL(text.includes('://') ? text : `tcp://${text}`);
  } catch {
    // Said below.
  }
  const port = url === undefined || url.port === '' ? undefined : Number(url.port);
  if (url !== undefined && url.hostname !== '') {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const secure = tls ?? (url.protocol === 'https:' ? { verify: true } : undefined);
    if (['tcp:', 'http:', 'https:'].includes(url.protocol)) {
      return { type: 'tcp', host, port: port ?? (secure === undefined ? 2375 : 2376), tls: secure };
    }
    if (url.protocol === 'ssh:') {
      const user = url.username === '' ? '' : `${decodeURIComponent(url.username)}@`;
      return { type: 'ssh', destination: `${user}${host}`, port, socket: url.pathname.length > 1 ? url.pathname : undefined };
    }
  }
  throw new ConfigurationError(`docker host: expected unix://, npipe://, tcp://, https:// or ssh:// and an address, got "${text}"`);
}

/** The address as a user would write it. */
export function formatEngineAddress(address: EngineAddress): string {
  if (address.type === 'socket') return address.path.startsWith('\\') ? `npipe://${address.path}` : `unix://${address.path}`;
  if (address.type === 'ssh') return `ssh://${address.destination}${address.port === undefined ? '' : `:${address.port}`}`;
  return `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
