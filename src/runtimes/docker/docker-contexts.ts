import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../errors.ts';
import { tlsFilesOf, parseEngineHost } from './engine-address.ts';
import type { EngineAddress } from './engine-address.ts';

interface ContextFile {
  readonly Endpoints?: { readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean } };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new ConfigurationError(`${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** The context that `docker context use` or `DOCKER_CONTEXT` chose; undefined for the default one. */
export function chosenContext(configFolder: string, env: NodeJS.ProcessEnv): string | undefined {
  const { currentContext } = (readJson(join(configFolder, 'config.json')) ?? {}) as { readonly currentContext?: string };
  const name = env.DOCKER_CONTEXT ?? currentContext;
  return name === undefined || name === '' || name === 'default' ? undefined : name;
}

/**
 * Where a docker context leads.
 * Source: https://docs.docker.com/engine/manage-resources/contexts/
 * @throws ConfigurationError if there is no such context, or it has no docker endpoint.
 */
export function contextAddress(configFolder: string, name: string): EngineAddress {
  const id = createHash('sha256').update(name).digest('hex');
  const path = join(configFolder, 'contexts', 'meta', id, 'meta.json');
  const endpoint = ((readJson(path) ?? {}) as ContextFile).Endpoints?.docker;
  if (endpoint?.Host === undefined) throw new ConfigurationError(`docker context "${name}": ${path} is not there or names no docker host`);
  const tls = tlsFilesOf(join(configFolder, 'contexts', 'tls', id, 'docker'), endpoint.SkipTLSVerify !== true);
  const secure = tls.ca !== undefined || tls.cert !== undefined || endpoint.SkipTLSVerify === true;
  return parseEngineHost(endpoint.Host, secure ? tls : undefined);
}
