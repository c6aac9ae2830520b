import { ApiError } from '../errors.ts';
import type { Patch, WriteOptions } from './client.ts';
import { applyJsonPatch } from './json-patch.ts';
import type { KindDescriptor } from './kind.ts';
import { applyMergePatch } from './merge-patch.ts';
import type { KubeObject, StoredObject } from './object.ts';
import type { SchemaTable } from './schema.ts';
import { StrategicMerge } from './strategic-merge-patch.ts';

export type PatchOptions = WriteOptions & { readonly subresource: string };

/** Applies patches of every type; what they do not touch is shared with the old object. */
export class ObjectPatcher {
  readonly #strategic: StrategicMerge;

  constructor(table: SchemaTable) {
    this.#strategic = new StrategicMerge(table);
  }

  /** The object after the patch, neither defaulted nor checked. Throws `ApiError`s in Kubernetes' words. */
  apply(kind: KindDescriptor, old: StoredObject | undefined, patch: Patch, options: PatchOptions): KubeObject {
    void options;
    switch (patch.type) {
      case 'json':
        return applyJsonPatch(old, patch.patch) as KubeObject;
      case 'merge':
        return applyMergePatch(old, patch.patch) as KubeObject;
      case 'strategic':
        return this.#strategic.apply((old ?? {}) as Record<string, unknown>, patch.patch, kind.model) as KubeObject;
      case 'apply':
        throw new ApiError(415, 'UnsupportedMediaType', 'server-side apply is not served yet');
    }
  }
}
