import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../env/logger.ts';

/** What the engine sends to a registry. Source: https://docs.docker.com/reference/api/engine/ (authentication) */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

interface ConfigFile {
  readonly auths?: Readonly<
    Record<string, { readonly auth?: string; readonly username?: string; readonly password?: string; readonly identitytoken?: string }>
  >;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

const hub = 'https://index.docker.io/v1/';
const helperTimeoutMs = 20_000;

/** The keys under which a registry may stand in a docker configuration. */
function keysOf(registry: string): readonly string[] {
  if (registry === 'docker.io') return [hub, 'index.docker.io', 'docker.io', 'https://index.docker.io/v1', 'registry-1.docker.io'];
  return [
    registry,
    `https://${registry}`,
    `http://${registry}`,
    `https://${registry}/`,
    `https://${registry}/v1/`,
    `https://${registry}/v2/`,
  ];
}

/** Asks `docker-credential-<helper>`. Undefined if it knows nothing of the registry. */
function askHelper(helper: string, server: string, env: NodeJS.ProcessEnv): Promise<RegistryAuth | undefined> {
  return new Promise((resolve, reject) => {
    const child = execFile(`docker-credential-${helper}`, ['get'], { env, timeout: helperTimeoutMs }, (error, stdout) => {
      if (error !== null) {
        // Helpers say on standard output that they know nothing, and fail.
        if (/credentials not found/i.test(stdout)) resolve(undefined);
        else reject(new Error(`docker-credential-${helper}: ${stdout.trim() || error.message}`));
        return;
      }
      try {
        const { Username = '', Secret = '' } = JSON.parse(stdout) as { readonly Username?: string; readonly Secret?: string };
        if (Username === '<token>') resolve({ identitytoken: Secret, serveraddress: server });
        else resolve({ username: Username, password: Secret, serveraddress: server });
      } catch (cause) {
        reject(new Error(`docker-credential-${helper} answered with something that is no JSON`, { cause }));
      }
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(server);
  });
}

/** The credentials that the docker command line of this user would use. Read anew for every pull: users log in and out. */
export class RegistryCredentials {
  readonly #logger: Logger;
  readonly #env: NodeJS.ProcessEnv;
  readonly #folder: string;

  /** @param folder Where `config.json` is; `DOCKER_CONFIG` or `~/.docker` unless given. */
  constructor(logger: Logger, env: NodeJS.ProcessEnv = process.env, folder?: string) {
    this.#logger = logger;
    this.#env = env;
    this.#folder = folder ?? env.DOCKER_CONFIG ?? join(homedir(), '.docker');
  }

  /** Undefined if there are none for the registry. Never rejects: a helper that fails is logged, and the pull goes without. */
  async find(registry: string): Promise<RegistryAuth | undefined> {
    const config = await this.#config();
    const keys = keysOf(registry);
    const helper = keys.map((key) => config.credHelpers?.[key]).find((each) => each !== undefined) ?? config.credsStore;
    if (helper !== undefined && helper !== '') {
      try {
        const found = await askHelper(helper, registry === 'docker.io' ? hub : registry, this.#env);
        if (found !== undefined) return found;
      } catch (error) {
        this.#logger.warn({ registry, error: (error as Error).message }, 'credentials could not be asked for');
      }
    }
    for (const key of keys) {
      const entry = config.auths?.[key];
      const auth = entry === undefined ? undefined : authOf(entry, registry);
      if (auth !== undefined) return auth;
    }
    return undefined;
  }

  async #config(): Promise<ConfigFile> {
    const path = join(this.#folder, 'config.json');
    try {
      return JSON.parse(await readFile(path, 'utf8')) as ConfigFile;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#logger.warn({ path, error: (error as Error).message }, 'the docker configuration cannot be read');
      }
      return {};
    }
  }
}

function authOf(entry: NonNullable<ConfigFile['auths']>[string], serveraddress: string): RegistryAuth | undefined {
  if (entry.identitytoken !== undefined && entry.identitytoken !== '') return { identitytoken: entry.identitytoken, serveraddress };
  const text = entry.auth === undefined ? undefined : Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = text?.indexOf(':') ?? -1;
  const username = entry.username ?? (colon < 0 ? undefined : text!.slice(0, colon));
  const password = entry.password ?? (colon < 0 ? undefined : text!.slice(colon + 1).replace(/\0+$/, ''));
  return username === undefined || username === '' || password === undefined ? undefined : { username, password, serveraddress };
}
