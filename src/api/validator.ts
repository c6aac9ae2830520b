import { FieldErrors } from './field-errors.ts';
import type { Draft, KindDescriptor } from './kind.ts';
import { deepFreeze, type KubeObject, type StoredObject } from './object.ts';
import { validateNewMeta, validateMetaUpdate } from './meta-validation.ts';
import { invalid } from './status-errors.ts';
import { ValidationMemo } from './validation-memo.ts';

/** A copy that may be written to, as deep as the object is; what was frozen stays untouched. */
function draftOf<T>(value: T): Draft<T> {
  if (typeof value !== 'object' || value === null) return value as Draft<T>;
  if (Array.isArray(value)) return value.map((item: unknown) => draftOf(item)) as Draft<T>;
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = draftOf(value[key]);
  return copy as Draft<T>;
}

/**
 * Defaults and checks. Remembers, by the identity of frozen specs and their parts, which were defaulted and found valid, so that
 * the thousand Pods of one template cost one check.
 */
export class Validator {
  /** A frozen spec as it came -> the frozen spec with its defaults. */
  readonly #defaultedSpecs = new WeakMap<object, object>();
  readonly #memo = new ValidationMemo();

  /** The object, prepared and with its defaults; what it was given stays untouched. */
  defaulted(kind: KindDescriptor, object: StoredObject, prepare?: (draft: Draft<KubeObject>) => void): StoredObject {
    if (kind.applyDefaults === undefined && prepare === undefined) return object;
    const spec = kind.sharesSpec === true && typeof object.spec === 'object' && object.spec !== null ? object.spec : undefined;
    const known = spec === undefined ? undefined : this.#defaultedSpecs.get(spec);
    if (known !== undefined) {
      const shared = { ...object, metadata: { ...object.metadata }, spec: known };
      prepare?.(shared as unknown as Draft<KubeObject>);
      return shared;
    }
    const draft = draftOf(object);
    kind.applyDefaults?.(draft as Draft<KubeObject>);
    prepare?.(draft as Draft<KubeObject>);
    if (spec !== undefined && typeof draft.spec === 'object' && draft.spec !== null) this.#remember(spec, deepFreeze(draft.spec));
    return draft as StoredObject;
  }

  #remember(given: object, defaulted: object): void {
    if (Object.isFrozen(given)) this.#defaultedSpecs.set(given, defaulted);
    this.#defaultedSpecs.set(defaulted, defaulted);
  }

  /** A spec that differs from a defaulted one in a way that needs no default (the node a Pod was bound to). */
  trust(spec: object): void {
    this.#defaultedSpecs.set(spec, spec);
  }

  /** Throws `InvalidError` with everything that is wrong with a new object. */
  create(kind: KindDescriptor, object: StoredObject, builtIn: boolean): void {
    const errors = new FieldErrors(this.#memo, builtIn);
    validateNewMeta(kind, object, errors);
    kind.validate?.(object, errors);
    kind.validateCreate?.(object, errors);
    if (!errors.empty) throw invalid(kind, object.metadata.name, errors);
  }

  /** Throws `InvalidError` with everything that is wrong with an update. */
  update(kind: KindDescriptor, object: StoredObject, old: StoredObject, subresource: string, builtIn: boolean): void {
    const errors = new FieldErrors(this.#memo, builtIn);
    validateMetaUpdate(kind, object, old, errors);
    if (subresource === 'status') kind.validateStatusUpdate?.(object, old as never, errors);
    else {
      kind.validate?.(object, errors);
      kind.validateUpdate?.(object, old as never, errors);
    }
    if (!errors.empty) throw invalid(kind, object.metadata.name, errors);
  }
}
