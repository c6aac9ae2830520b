import type { SecretManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { ImagePull } from '../runtimes/runtime.ts';
import { decoded } from './environment.ts';
import type { ValueSource } from './environment.ts';
import type { StoredPod } from './pod-containers.ts';

type Credentials = ImagePull['credentials'];

interface RegistryEntry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
}

const none: readonly Credentials[number][] = [];

/**
 * The credentials in a pod's imagePullSecrets. A secret that is not there or cannot be read is passed over, as in Kubernetes: the
 * pull then fails for itself.
 * Source: https://kubernetes.io/docs/tasks/configure-pod-container/pull-image-private-registry/
 */
export function imageCredentials(pod: StoredPod, source: Pick<ValueSource, 'secret'>): Credentials {
  const secrets = pod.spec?.imagePullSecrets;
  if (secrets === undefined || secrets.length === 0) return none;
  return secrets.flatMap(({ name }) => {
    const secret = name === undefined ? undefined : source.secret(pod.metadata.namespace ?? '', name);
    return secret === undefined ? none : registriesOf(secret);
  });
}

function registriesOf({ type, data }: Stored<SecretManifest>): Credentials {
  const [key, wrapped] = type === 'kubernetes.io/dockercfg' ? ['.dockercfg', false] : ['.dockerconfigjson', true];
  const text = data?.[key];
  if (text === undefined) return none;
  let parsed: unknown;
  try {
    parsed = JSON.parse(decoded(text).toString('utf8'));
  } catch {
    return none;
  }
  const entries = wrapped ? (parsed as { readonly auths?: unknown } | null)?.auths : parsed;
  if (typeof entries !== 'object' || entries === null) return none;
  return Object.entries(entries as Record<string, RegistryEntry | null>).flatMap(([registry, entry]) => {
    const pair = entry === null ? undefined : pairOf(entry);
    return pair === undefined ? [] : [{ registry: registry.replace(/^https?:\/\//, '').replace(/\/.*$/, ''), ...pair }];
  });
}

function pairOf({ username, password, auth }: RegistryEntry): { readonly username: string; readonly password: string } | undefined {
  if (username !== undefined && password !== undefined) return { username, password };
  if (auth === undefined) return undefined;
  const text = decoded(auth).toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
