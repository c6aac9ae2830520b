import type { Clock } from '../env/clock.ts';
import { FieldManager, type FieldWrite } from './apply/field-manager.ts';
import type { Patch, WriteOptions } from './client.ts';
import { applyJsonPatch } from './json-patch.ts';
import { apiVersionOf, type KindDescriptor } from './kind.ts';
import { applyMergePatch } from './merge-patch.ts';
import type { KubeObject, StoredObject } from './object.ts';
import type { SchemaTable } from './schema.ts';
import { formatTime } from './time.ts';
import { StrategicMerge } from './strategic-merge-patch.ts';

export type PatchOptions = WriteOptions & { readonly subresource: string };

/** Who is named where nobody says who writes. */
const unnamedManager = 'unknown';

/** Applies patches of every type; what they do not touch is shared with the old object. */
export class ObjectPatcher {
  readonly #strategic: StrategicMerge;

  readonly #fields: FieldManager;
  readonly #clock: Clock;

  constructor(table: SchemaTable, clock: Clock) {
    this.#strategic = new StrategicMerge(table);
    this.#fields = new FieldManager(table);
    this.#clock = clock;
  }

  /** The object after the patch, neither defaulted nor checked. Throws `ApiError`s in Kubernetes' words. */
  apply(kind: KindDescriptor, old: StoredObject | undefined, patch: Patch, options: PatchOptions): KubeObject {
    switch (patch.type) {
      case 'json':
        return applyJsonPatch(old, patch.patch) as KubeObject;
      case 'merge':
        return applyMergePatch(old, patch.patch) as KubeObject;
      case 'strategic':
        return this.#strategic.apply((old ?? {}) as Record<string, unknown>, patch.patch, kind.model) as KubeObject;
      case 'apply':
        return this.#fields.apply(old, patch.patch, { ...this.#write(kind, options), force: patch.force === true }).object;
    }
  }

  /** Accounts in `metadata.managedFields` for a write that is no apply. */
  track(kind: KindDescriptor, old: StoredObject | undefined, next: StoredObject, options: PatchOptions): StoredObject {
    return this.#fields.track(old, next, this.#write(kind, options), { apiVersion: apiVersionOf(kind), kind: kind.kind });
  }

  #write(kind: KindDescriptor, options: PatchOptions): FieldWrite {
    return {
      model: kind.model,
      manager: options.fieldManager ?? options.identity?.name ?? unnamedManager,
      apiVersion: apiVersionOf(kind),
      subresource: options.subresource,
      resetFields: options.subresource === 'status' ? ['spec', 'metadata'] : kind.hasStatus ? ['status'] : [],
      time: formatTime(this.#clock.now()),
    };
  }
}
