import type { SecretManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';

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
  selectableFields: { type: (secret) => secret.type ?? '' },
};
