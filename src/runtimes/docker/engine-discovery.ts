import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../env/clock.ts';
import { RuntimeError } from '../../errors.ts';
import type { CallOptions } from '../runtime.ts';
import { chosenContext, contextAddress } from './docker-contexts.ts';
import { Engine } from './engine.ts';
import { formatEngineAddress, parseEngineHost, tlsFilesOf } from './engine-address.ts';
import type { EngineAddress, TlsFiles } from './engine-address.ts';

/** Where to look for an engine; everything is taken from the machine unless given. */
export interface EngineSearch {
  /** A host as `DOCKER_HOST` has it. */
  readonly host?: string;
  /** The name of a docker context. */
  readonly context?: string;
  /** A folder with `ca.pem`, `cert.pem`, `key.pem` for `tcp://`. */
  readonly tlsFolder?: string;
  /** `process.env` unless given. */
  readonly env?: NodeJS.ProcessEnv;
  readonly homeFolder?: string;
}

/** A place where an engine may be, and what came of it. */
export interface EngineCandidate {
  /** Why it was looked at: `DOCKER_HOST`, `docker context "x"`, `Docker Desktop`, ... */
  readonly source: string;
  /** As a user would write it; '' if it could not be read. */
  readonly host: string;
  /** `taken`, or why not. */
  readonly outcome: string;
}

export interface FoundEngine {
  readonly engine: Engine;
  readonly taken: EngineCandidate;
  readonly passedOver: readonly EngineCandidate[];
}

interface Place {
  readonly source: string;
  readonly address: () => EngineAddress;
}

/** The sockets engines are known to listen at, the commonest first. */
function usualSockets(env: NodeJS.ProcessEnv, home: string): readonly (readonly [source: string, path: string])[] {
  if (process.platform === 'win32')
    return [
      ['Docker Desktop', '\\\\.\\pipe\\docker_engine'],
      ['Podman', '\\\\.\\pipe\\podman-machine-default'],
    ];
  const run = env.XDG_RUNTIME_DIR ?? (process.getuid === undefined ? undefined : `/run/user/${process.getuid()}`);
  const inRun = (source: string, path: string) => (run === undefined ? [] : [[source, join(run, path)] as const]);
  return [
    ['the system engine', '/var/run/docker.sock'],
    ...inRun('rootless Docker', 'docker.sock'),
    ['rootless Docker', join(home, '.docker/run/docker.sock')],
    ['Docker Desktop', join(home, '.docker/desktop/docker.sock')],
    ['Colima', join(home, '.colima/default/docker.sock')],
    ['Colima', join(home, '.config/colima/default/docker.sock')],
    ['OrbStack', join(home, '.orbstack/run/docker.sock')],
    ['Rancher Desktop', join(home, '.rd/docker.sock')],
    ['Lima', join(home, '.lima/docker/sock/docker.sock')],
    ...inRun('Podman', 'podman/podman.sock'),
    ['Podman', '/run/podman/podman.sock'],
    ['Podman', join(home, '.local/share/containers/podman/machine/podman.sock')],
  ];
}

/** Where to look, in order. What the user named is the only place. */
function places(search: EngineSearch): readonly Place[] {
  const { env = process.env, homeFolder = homedir(), host, context } = search;
  const configFolder = env.DOCKER_CONFIG ?? join(homeFolder, '.docker');
  const ofContext = (name: string): Place => ({ source: `docker context "${name}"`, address: () => contextAddress(configFolder, name) });
  if (host !== undefined) return [{ source: 'the option host', address: () => parseEngineHost(host, tlsOf(search.tlsFolder, true)) }];
  if (context !== undefined) return [ofContext(context)];
  const { DOCKER_HOST: named } = env;
  if (named !== undefined && named !== '') {
    const verify = (env.DOCKER_TLS_VERIFY ?? '') !== '';
    const wantsTls = verify || search.tlsFolder !== undefined;
    const folder = search.tlsFolder ?? env.DOCKER_CERT_PATH ?? configFolder;
    return [{ source: 'DOCKER_HOST', address: () => parseEngineHost(named, wantsTls ? tlsOf(folder, true) : undefined) }];
  }
  try {
    const chosen = chosenContext(configFolder, env);
    if (chosen !== undefined) return [ofContext(chosen)];
  } catch (error) {
    const failed: Place = {
      source: 'the docker configuration',
      address: () => {
        throw error;
      },
    };
    return [failed, ...sockets(env, homeFolder)];
  }
  return sockets(env, homeFolder);
}

const sockets = (env: NodeJS.ProcessEnv, home: string): readonly Place[] =>
  usualSockets(env, home).map(([source, path]) => ({ source, address: () => ({ type: 'socket', path }) }));

const tlsOf = (folder: string | undefined, verify: boolean): TlsFiles | undefined =>
  folder === undefined ? undefined : tlsFilesOf(folder, verify);

/**
 * Finds the engine a user of `docker` would reach: what the options name, else `DOCKER_HOST`, else the chosen docker context, else the
 * usual sockets. What is named is not replaced by something else if it does not answer.
 *
 * @throws RuntimeError `RUNTIME_NO_ENGINE` that lists what was tried.
 */
export async function findEngine(search: EngineSearch, clock: Clock, options: CallOptions = { timeoutMs: 5000 }): Promise<FoundEngine> {
  const passedOver: EngineCandidate[] = [];
  for (const { source, address } of places(search)) {
    let host = '';
    try {
      const at = address();
      host = formatEngineAddress(at);
      if (at.type === 'socket' && process.platform !== 'win32' && !existsSync(at.path)) {
        passedOver.push({ source, host, outcome: 'there is no such socket' });
        continue;
      }
      const engine = await Engine.connect(at, clock, options);
      return { engine, taken: { source, host, outcome: 'taken' }, passedOver };
    } catch (error) {
      passedOver.push({ source, host, outcome: (error as Error).message });
    }
  }
  const tried = passedOver.map(({ source, host, outcome }) => `  ${source}${host === '' ? '' : ` (${host})`}: ${outcome}`);
  const message = `no Docker engine was found; start one, or name it by DOCKER_HOST, a docker context or the option host. Tried:\n${tried.join('\n')}`;
  throw new RuntimeError('RUNTIME_NO_ENGINE', message, { retryable: true });
}
