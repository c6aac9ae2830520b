import type { ConfigMapManifest, Container, EnvVar, SecretManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { RuntimeError } from '../errors.ts';
import { fieldValue, resourceValue } from './field-values.ts';
import type { PodFacts } from './field-values.ts';
import type { StoredPod } from './pod-containers.ts';
import { expandVariables } from './variable-expansion.ts';

/** Where values come from that a pod only refers to. */
export interface ValueSource {
  configMap(namespace: string, name: string): Stored<ConfigMapManifest> | undefined;
  secret(namespace: string, name: string): Stored<SecretManifest> | undefined;
}

/** True if resolving the container's variables can fail, because they refer to other objects or fields. */
export const refersToOthers = ({ env, envFrom }: Container): boolean =>
  (envFrom !== undefined && envFrom.length > 0) || (env?.some(({ valueFrom }) => valueFrom !== undefined) ?? false);

/**
 * A container's variables: those of Services, then `envFrom`, then `env`, later ones over earlier ones; `$(NAME)` sees what comes
 * before it. Throws `RUNTIME_CONFIG` in Kubernetes' words for what is missing and not optional.
 * Source: https://kubernetes.io/docs/tasks/inject-data-application/
 */
export function resolveEnvironment(
  pod: StoredPod,
  container: Container,
  services: readonly (readonly [string, string])[],
  source: ValueSource,
  facts: PodFacts,
): Map<string, string> {
  const variables = new Map<string, string>(services);
  const namespace = pod.metadata.namespace ?? '';
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    if (configMapRef !== undefined) {
      const found = source.configMap(namespace, configMapRef.name ?? '');
      if (found === undefined) required(configMapRef.optional, `configmap "${configMapRef.name ?? ''}" not found`);
      for (const [key, value] of Object.entries(found?.data ?? {})) variables.set(prefix + key, value);
    }
    if (secretRef !== undefined) {
      const found = source.secret(namespace, secretRef.name ?? '');
      if (found === undefined) required(secretRef.optional, `secret "${secretRef.name ?? ''}" not found`);
      for (const [key, value] of Object.entries(found?.data ?? {})) variables.set(prefix + key, decoded(value).toString('utf8'));
    }
  }
  for (const each of container.env ?? []) {
    const value = valueOf(pod, container, each, variables, source, facts);
    if (value !== undefined) variables.set(each.name, value);
  }
  return variables;
}

export const decoded = (base64: string): Buffer => Buffer.from(base64, 'base64');

function required(optional: boolean | undefined, message: string): undefined {
  if (optional === true) return undefined;
  throw new RuntimeError('RUNTIME_CONFIG', message, { retryable: true });
}

function valueOf(
  pod: StoredPod,
  container: Container,
  variable: EnvVar,
  known: ReadonlyMap<string, string>,
  source: ValueSource,
  facts: PodFacts,
): string | undefined {
  const { valueFrom } = variable;
  if (valueFrom === undefined) return expandVariables(variable.value ?? '', (name) => known.get(name));
  const namespace = pod.metadata.namespace ?? '';
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef !== undefined) {
    return fieldValue(pod, fieldRef.fieldPath, facts) ?? required(false, `unsupported fieldPath: ${fieldRef.fieldPath}`);
  }
  if (resourceFieldRef !== undefined) {
    const found = resourceValue(pod, container, resourceFieldRef, facts);
    return typeof found === 'string' ? required(false, found) : found.value;
  }
  if (configMapKeyRef !== undefined) {
    const { name = '', key, optional } = configMapKeyRef;
    const found = source.configMap(namespace, name);
    if (found === undefined) return required(optional, `configmap "${name}" not found`);
    return found.data?.[key] ?? required(optional, `couldn't find key ${key} in ConfigMap ${namespace}/${name}`);
  }
  if (secretKeyRef !== undefined) {
    const { name = '', key, optional } = secretKeyRef;
    const found = source.secret(namespace, name);
    if (found === undefined) return required(optional, `secret "${name}" not found`);
    const data = found.data?.[key];
    return data === undefined
      ? required(optional, `couldn't find key ${key} in Secret ${namespace}/${name}`)
      : decoded(data).toString('utf8');
  }
  return required(false, `env variable ${variable.name}: valueFrom names no source this kubelet knows`);
}
