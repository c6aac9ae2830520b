import type { WriteOptions } from './client.ts';
import { FieldErrors } from './field-errors.ts';
import type { KindDescriptor, StorageAlias } from './kind.ts';
import type { KubeObject, StoredObject } from './object.ts';
import { invalid } from './status-errors.ts';

type Decode = (kind: KindDescriptor, raw: KubeObject, options: WriteOptions & { readonly patched?: boolean }) => KubeObject;

/** A kind that is another kind under a second name. */
export type AliasKind = KindDescriptor & { readonly storedAs: StorageAlias };

export function isAlias(kind: KindDescriptor): kind is AliasKind {
  return kind.storedAs !== undefined;
}

/** Reads and checks what was written under a kind's second name, and gives what is to be stored under the first. */
export class AliasWrites {
  readonly #decode: Decode;

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  created(kind: AliasKind, manifest: KubeObject, options: WriteOptions): KubeObject {
    const object = this.#decode(kind, manifest, options);
    this.#check(kind, object, (errors) => kind.validateCreate?.(object, errors));
    return kind.storedAs.toStored(object);
  }

  updated(kind: AliasKind, manifest: KubeObject, old: StoredObject, options: WriteOptions & { readonly patched?: boolean }): KubeObject {
    const object = this.#decode(kind, manifest, options);
    const before = kind.storedAs.fromStored(old);
    this.#check(kind, object, (errors) => kind.validateUpdate?.(object, before as never, errors));
    return kind.storedAs.toStored(object);
  }

  #check(kind: AliasKind, object: KubeObject, check: (errors: FieldErrors) => void): void {
    const errors = new FieldErrors();
    kind.validate?.(object, errors);
    check(errors);
    if (!errors.empty) throw invalid(kind, object.metadata?.name ?? '', errors);
  }
}
