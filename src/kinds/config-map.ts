import type { FieldErrors } from '../api/field-errors.ts';
import type { ConfigMapManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { checkConfigKey } from '../api/names.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { base64Bytes, dataBytesMax, validateImmutable } from './immutable-data.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

function validate(map: ConfigMapManifest, errors: FieldErrors): void {
  const { data = {}, binaryData = {} } = map;
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    for (const problem of checkConfigKey(key)) errors.invalid(`data[${key}]`, key, problem);
    if (Object.hasOwn(binaryData, key)) errors.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    for (const problem of checkConfigKey(key)) errors.invalid(`binaryData[${key}]`, key, problem);
    bytes += base64Bytes(value);
  }
  if (bytes > dataBytesMax) errors.tooLong('[]', dataBytesMax);
}

export const configMapKind: KindDescriptor<ConfigMapManifest> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  namespaced: true,
  model: 'ConfigMap',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  validate,
  validateUpdate: (map, old, errors) => validateImmutable(map, old, ['data', 'binaryData'], errors),
  columns: [nameColumn, column('Data', (map) => Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length), ageColumn],
};

/**
 * Settings for Pods, as keys and texts.
 * Source: https://kubernetes.io/docs/concepts/configuration/configmap/
 */
export class ConfigMap extends Handle<ConfigMapManifest> {
  constructor(manifest: ConfigMapManifest, client?: Client) {
    super(configMapKind, manifest, client);
  }

  get data(): ConfigMapManifest['data'] {
    return this.object.data;
  }
}
