import { BadRequestError } from '../errors.ts';
import type { Patch, WriteOptions } from './client.ts';
import type { FieldOwnership } from './field-ownership.ts';
import { invalidPatch } from './field-validation.ts';
import { applyJsonPatch } from './json-patch.ts';
import { apiVersionOf } from './kind.ts';
import type { KindDescriptor } from './kind.ts';
import { applyMergePatch } from './merge-patch.ts';
import type { KubeObject, ObjectName, StoredObject } from './object.ts';
import type { SchemaTable } from './schema.ts';
import { noKind } from './wrong-kind.ts';
import { StrategicMerge } from './strategic-merge-patch.ts';

export type PatchOptions = WriteOptions & { readonly subresource: string; readonly at: ObjectName };

/** Applies patches of every type; what they do not touch is shared with the old object. */
export class ObjectPatcher {
  readonly #strategic: StrategicMerge;
  readonly #ownership: FieldOwnership;

  constructor(table: SchemaTable, ownership: FieldOwnership) {
    this.#strategic = new StrategicMerge(table);
    this.#ownership = ownership;
  }

  /** The object after the patch, neither defaulted nor checked. Throws `ApiError`s in Kubernetes' words. */
  apply(kind: KindDescriptor, old: StoredObject | undefined, patch: Patch, options: PatchOptions): KubeObject {
    const patched = this.#patched(kind, old, patch, options);
    requireIdentity(kind, options.at, patched);
    return patched;
  }

  #patched(kind: KindDescriptor, old: StoredObject | undefined, patch: Patch, options: PatchOptions): KubeObject {
    switch (patch.type) {
      case 'json':
        return applyJsonPatch(old, patch.patch) as KubeObject;
      case 'merge':
        return applyMergePatch(old, patch.patch) as KubeObject;
      case 'strategic':
        return this.#strategic.apply((old ?? {}) as Record<string, unknown>, patch.patch, kind.model) as KubeObject;
      case 'apply':
        return this.#ownership.apply(kind, old, patch.patch, patch.force ?? false, options.subresource, options);
      default:
        throw new BadRequestError(
          `expected a patch of type json, merge, strategic or apply, found ${JSON.stringify((patch as { readonly type?: unknown }).type)}`,
        );
    }
  }
}

/** No patch makes another object of an object. */
function requireIdentity(kind: KindDescriptor, at: ObjectName, patched: KubeObject): void {
  if (Array.isArray(patched))
    throw invalidPatch(
      patched,
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    );
  const { name, namespace } = patched.metadata ?? {};
  for (const [field, value] of Object.entries({ name, namespace }) as [string, unknown][]) {
    if (value === undefined || value === null || typeof value === 'string') continue;
    const type = Array.isArray(value) ? 'array' : typeof value;
    throw invalidPatch(patched, `json: cannot unmarshal ${type} into Go struct field ObjectMeta.metadata.${field} of type string`);
  }
  if (patched.apiVersion === undefined || patched.kind === undefined || name === undefined || name === null || name === '') {
    throw new BadRequestError(`the name of the object (${at.name} based on URL) was undeterminable: name must be provided`);
  }
  if (patched.apiVersion !== apiVersionOf(kind) || patched.kind !== kind.kind) {
    throw invalidPatch(patched, noKind(patched.kind, patched.apiVersion));
  }
  if (name !== at.name) throw new BadRequestError(`the name of the object (${name}) does not match the name on the URL (${at.name})`);
  if (kind.namespaced && namespace !== undefined && namespace !== '' && at.namespace !== undefined && namespace !== at.namespace) {
    throw new BadRequestError(`the namespace of the object (${namespace}) does not match the namespace on the request (${at.namespace})`);
  }
}
