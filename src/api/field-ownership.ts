import type { Clock } from '../env/clock.ts';
import { ApiError, InvalidError } from '../errors.ts';
import { FieldManager } from './apply/field-manager.ts';
import type { FieldWrite } from './apply/field-manager.ts';
import type { WriteOptions } from './client.ts';
import { apiVersionOf } from './kind.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, StoredObject } from './object.ts';
import type { SchemaTable } from './schema.ts';
import type { Structure } from './structure.ts';
import { formatTime } from './time.ts';

export type TrackOptions = WriteOptions & { readonly subresource: string };

export interface OwnershipParts {
  readonly table: SchemaTable;
  readonly clock: Clock;
  readonly structure: (kind: KindDescriptor) => Structure;
}

/**
 * Keeps `metadata.managedFields` for the registry. An object is accounted for from a create that asks for it (`trackFields`; every
 * create over HTTP does), or from the first apply; what the cluster's own parts create is not, until somebody applies to it.
 */
export class FieldOwnership {
  readonly #parts: OwnershipParts;
  readonly #manager: FieldManager;
  readonly #empty = new Map<KindDescriptor, KubeObject>();

  constructor(parts: OwnershipParts) {
    this.#parts = parts;
    this.#manager = new FieldManager(parts.table);
  }

  /**
   * Accounts for a create (`old` undefined) or an update: who changes a field owns it from now on. A create is accounted for only
   * if it asks for that, an update whenever somebody owns fields already.
   */
  track(kind: KindDescriptor, old: StoredObject | undefined, next: StoredObject, options: TrackOptions): StoredObject {
    const owned = old?.metadata.managedFields !== undefined || next.metadata.managedFields !== undefined;
    if (!owned && (old !== undefined || options.trackFields !== true)) return next;
    return this.#manager.track(old, next, this.#write(kind, options.subresource, options), this.#emptyOf(kind));
  }

  /** The object after a configuration was applied to it (undefined: to nothing). Throws the ApiErrors of server-side apply. */
  apply(
    kind: KindDescriptor,
    old: StoredObject | undefined,
    config: unknown,
    force: boolean,
    subresource: string,
    options: WriteOptions,
  ): KubeObject {
    if ((options.fieldManager ?? '') === '')
      throw invalidPatchOption('fieldManager', 'FieldValueRequired', 'Required value: is required for apply patch');
    const given = (config as KubeObject | null)?.kind;
    if (given !== undefined && given !== kind.kind) {
      const message = `failed to merge config: expected objects of the same type, but got ${JSON.stringify(kind.kind)} and ${JSON.stringify(given)}`;
      throw new ApiError(500, '', message, undefined, { retryable: false });
    }
    const write = { ...this.#write(kind, subresource, options), force };
    return this.#manager.apply(old, config, write, this.#emptyOf(kind)).object;
  }

  #write(kind: KindDescriptor, subresource: string, options: WriteOptions): FieldWrite {
    return {
      model: kind.model,
      manager: options.fieldManager ?? options.identity?.name ?? 'coxswain',
      apiVersion: apiVersionOf(kind),
      subresource,
      resetFields: subresource === 'status' ? ['spec'] : kind.hasStatus ? ['status'] : [],
      time: formatTime(this.#parts.clock.now()),
    };
  }

  /** What an object of the kind is before anything is set. */
  #emptyOf(kind: KindDescriptor): KubeObject {
    let empty = this.#empty.get(kind);
    if (empty === undefined) this.#empty.set(kind, (empty = this.#parts.structure(kind).read({}).value as KubeObject));
    return empty;
  }
}

/** The refusal of an option of a patch. */
export function invalidPatchOption(field: string, reason: string, message: string): InvalidError {
  return new InvalidError(`PatchOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io',
    kind: 'PatchOptions',
    causes: [{ reason, message, field }],
  });
}
