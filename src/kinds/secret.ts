import type { FieldErrors } from '../api/field-errors.ts';
import type { SecretManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { checkConfigKey } from '../api/names.ts';
import { ageColumn, column, nameColumn } from './columns.ts';
import { validateUnchanged } from './field-checks.ts';
import { base64Bytes, dataBytesMax, validateImmutable } from './immutable-data.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

const serviceAccountAnnotation = 'kubernetes.io/service-account.name';

function validateJson(data: Readonly<Record<string, string>>, key: string, errors: FieldErrors): void {
  const value = data[key];
  if (value === undefined) return errors.required(`data[${key}]`);
  try {
    JSON.parse(Buffer.from(value, 'base64').toString('utf8'));
  } catch {
    // The parser's message would quote the secret.
    errors.invalid(`data[${key}]`, '<secret contents redacted>', 'must be JSON');
  }
}

function validateType({ type, data = {}, metadata }: SecretManifest, errors: FieldErrors): void {
  const require = (...keys: readonly string[]): void => {
    for (const key of keys) if (data[key] === undefined) errors.required(`data[${key}]`);
  };
  switch (type) {
    case 'kubernetes.io/service-account-token':
      if ((metadata?.annotations?.[serviceAccountAnnotation] ?? '') === '')
        errors.required(`metadata.annotations[${serviceAccountAnnotation}]`);
      break;
    case 'kubernetes.io/dockercfg':
      validateJson(data, '.dockercfg', errors);
      break;
    case 'kubernetes.io/dockerconfigjson':
      validateJson(data, '.dockerconfigjson', errors);
      break;
    case 'kubernetes.io/basic-auth':
      if (data['username'] === undefined && data['password'] === undefined) require('username', 'password');
      break;
    case 'kubernetes.io/ssh-auth':
      if ((data['ssh-privatekey'] ?? '') === '') errors.required('data[ssh-privatekey]');
      break;
    case 'kubernetes.io/tls':
      require('tls.crt', 'tls.key');
      break;
    default:
  }
}

function validate(secret: SecretManifest, errors: FieldErrors): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    for (const problem of checkConfigKey(key)) errors.invalid(`data[${key}]`, key, problem);
    bytes += base64Bytes(value);
  }
  if (bytes > dataBytesMax) errors.tooLong('data', dataBytesMax);
  validateType(secret, errors);
}

export const secretKind: KindDescriptor<SecretManifest> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  categories: [],
  namespaced: true,
  model: 'Secret',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    draft.type ||= 'Opaque';
    // `stringData` is for writing only: it goes into `data` and is never read back.
    if (draft.stringData === undefined) return;
    const encoded = Object.entries(draft.stringData).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')] as const);
    if (encoded.length > 0) draft.data = { ...draft.data, ...Object.fromEntries(encoded) };
    delete draft.stringData;
  },
  validate,
  validateUpdate: (secret, old, errors) => {
    validateUnchanged(secret.type, old.type, 'type', errors);
    validateImmutable(secret, old, ['data'], errors);
  },
  selectableFields: { type: (secret) => secret.type ?? '' },
  columns: [
    nameColumn,
    column('Type', (secret) => secret.type ?? ''),
    column('Data', (secret) => Object.keys(secret.data ?? {}).length),
    ageColumn,
  ],
};

/**
 * Settings for Pods that are secret; never in a log.
 * Source: https://kubernetes.io/docs/concepts/configuration/secret/
 */
export class Secret extends Handle<SecretManifest> {
  constructor(manifest: SecretManifest, client?: Client) {
    super(secretKind, manifest, client);
  }

  get data(): SecretManifest['data'] {
    return this.object.data;
  }
}
