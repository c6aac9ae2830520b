import type { Container, DownwardAPIVolumeFile, KeyToPath } from '../api/generated/models.ts';
import { RuntimeError } from '../errors.ts';
import type { VolumeFile } from '../runtimes/runtime.ts';
import { decoded } from './environment.ts';
import type { ValueSource } from './environment.ts';
import { fieldValue, resourceValue } from './field-values.ts';
import type { PodFacts } from './field-values.ts';
import type { StoredPod } from './pod-containers.ts';

/** The contents of a volume cannot be made from what there is; told as a FailedMount event, and tried again. */
export const volumeFailure = (message: string): RuntimeError => new RuntimeError('RUNTIME_VOLUME_FAILED', message, { retryable: true });

export const defaultFileMode = 0o644;

/** A reference to a ConfigMap or Secret in a volume. */
export interface KeyedSource {
  readonly name: string | undefined;
  readonly items: readonly KeyToPath[] | undefined;
  readonly optional: boolean | undefined;
  readonly mode: number;
}

export function configMapFiles(
  namespace: string,
  { name = '', items, optional, mode }: KeyedSource,
  source: ValueSource,
): readonly VolumeFile[] {
  const found = source.configMap(namespace, name);
  if (found === undefined) return missing(optional, `configmap "${name}" not found`);
  const contents = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(found.data ?? {})) contents.set(key, Buffer.from(value, 'utf8'));
  for (const [key, value] of Object.entries(found.binaryData ?? {})) contents.set(key, decoded(value));
  return picked(contents, items, mode, (key) => missing(optional, `references non-existent config key: ${key}`));
}

export function secretFiles(
  namespace: string,
  { name = '', items, optional, mode }: KeyedSource,
  source: ValueSource,
): readonly VolumeFile[] {
  const found = source.secret(namespace, name);
  if (found === undefined) return missing(optional, `secret "${name}" not found`);
  const contents = new Map(Object.entries(found.data ?? {}).map(([key, value]): [string, Uint8Array] => [key, decoded(value)]));
  return picked(contents, items, mode, (key) => missing(optional, `references non-existent secret key: ${key}`));
}

export function downwardFiles(
  pod: StoredPod,
  items: readonly DownwardAPIVolumeFile[],
  mode: number,
  facts: PodFacts,
): readonly VolumeFile[] {
  return items.map((item) => ({ path: item.path, content: Buffer.from(downwardValue(pod, item, facts), 'utf8'), mode: item.mode ?? mode }));
}

function downwardValue(pod: StoredPod, { fieldRef, resourceFieldRef }: DownwardAPIVolumeFile, facts: PodFacts): string {
  if (fieldRef !== undefined) {
    const value = fieldValue(pod, fieldRef.fieldPath, facts);
    if (value === undefined) throw volumeFailure(`unsupported fieldPath: ${fieldRef.fieldPath}`);
    return value;
  }
  const [own] = pod.spec?.containers ?? [];
  if (resourceFieldRef === undefined || own === undefined) return '';
  const found = resourceValue(pod, own satisfies Container, resourceFieldRef, facts);
  if (typeof found === 'string') throw volumeFailure(found);
  return found.value;
}

function missing(optional: boolean | undefined, message: string): readonly VolumeFile[] {
  if (optional === true) return [];
  throw volumeFailure(message);
}

function picked(
  contents: ReadonlyMap<string, Uint8Array>,
  items: readonly KeyToPath[] | undefined,
  mode: number,
  onMissing: (key: string) => readonly VolumeFile[],
): readonly VolumeFile[] {
  if (items === undefined || items.length === 0) return [...contents].map(([path, content]) => ({ path, content, mode }));
  return items.flatMap((item) => {
    const content = contents.get(item.key);
    return content === undefined ? onMissing(item.key) : [{ path: item.path, content, mode: item.mode ?? mode }];
  });
}
