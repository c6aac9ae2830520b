import { isDeeplyFrozen } from './detached.ts';
import { FieldErrors } from './field-errors.ts';
import { partOf, type Draft, type KindDescriptor } from './kind.ts';
import { deepFreeze, type KubeObject, type StoredMeta, type StoredObject } from './object.ts';
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

/** A copy of an object. What is frozen of its metadata came out of the registry, has no defaults, and is shared. */
function draftOfObject(object: StoredObject): Draft<StoredObject> {
  const draft: Record<string, unknown> = {};
  const parts = object as unknown as Readonly<Record<string, unknown>>;
  for (const key in parts) if (key !== 'metadata') draft[key] = draftOf(parts[key]);
  draft['metadata'] = draftOfMetadata(object.metadata);
  return draft as unknown as Draft<StoredObject>;
}

function draftOfMetadata(given: StoredMeta): Draft<StoredMeta> {
  const metadata: Record<string, unknown> = { ...given };
  for (const key in metadata) if (!Object.isFrozen(metadata[key])) metadata[key] = draftOf(metadata[key]);
  return metadata as unknown as Draft<StoredMeta>;
}

interface WithContainers {
  readonly containers?: object;
}

type Parts = Readonly<Record<string, unknown>>;

function sameButNode(a: Parts, b: Parts): boolean {
  for (const key in b) if (key !== 'nodeName' && a[key] !== b[key]) return false;
  for (const key in a) if (key !== 'nodeName' && !(key in b)) return false;
  return true;
}

/**
 * Defaults and checks. Remembers, by the identity of frozen specs and their parts, which were defaulted and found valid, so that
 * the thousand Pods of one template cost one check.
 */
export class Validator {
  /** A frozen spec as it came -> the frozen spec with its defaults. */
  readonly #defaultedSpecs = new WeakMap<object, object>();
  /** The same by the containers of the spec. */
  readonly #byContainers = new WeakMap<object, object>();
  readonly #memo = new ValidationMemo();

  /** The object, prepared and with its defaults; the parts of what it was given stay untouched. */
  defaulted(kind: KindDescriptor, object: StoredObject, prepare?: (draft: Draft<KubeObject>) => void): StoredObject {
    if (kind.applyDefaults === undefined && prepare === undefined) return object;
    const spec = kind.sharesSpec === true && typeof object.spec === 'object' && object.spec !== null ? object.spec : undefined;
    const known = spec === undefined ? undefined : (this.#defaultedSpecs.get(spec) ?? this.#bound(spec));
    if (known !== undefined) {
      const shared = (Object.isFrozen(object) ? { ...object } : object) as Draft<StoredObject>;
      if (spec !== known) shared.spec = known;
      if (!Object.isFrozen(object.metadata)) shared.metadata = draftOfMetadata(object.metadata);
      prepare?.(shared as Draft<KubeObject>);
      return shared as StoredObject;
    }
    const draft = draftOfObject(object);
    kind.applyDefaults?.(draft as Draft<KubeObject>);
    prepare?.(draft as Draft<KubeObject>);
    if (spec !== undefined && typeof draft.spec === 'object' && draft.spec !== null) this.#remember(spec, deepFreeze(draft.spec));
    return draft as StoredObject;
  }

  #remember(given: object, defaulted: object): void {
    if (isDeeplyFrozen(given)) this.#defaultedSpecs.set(given, defaulted);
    this.#defaultedSpecs.set(defaulted, defaulted);
    const { containers } = defaulted as WithContainers;
    if (containers !== undefined) this.#byContainers.set(containers, defaulted);
  }

  /** The spec itself, if it is a defaulted one with the node its Pod was bound to: each bound Pod has its own, of which none is remembered. */
  #bound(spec: object): object | undefined {
    const { containers } = spec as WithContainers;
    const known = containers === undefined ? undefined : this.#byContainers.get(containers);
    return known !== undefined && Object.isFrozen(spec) && sameButNode(known as Parts, spec as Parts) ? spec : undefined;
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
      (partOf(kind, subresource) ?? kind).validateUpdate?.(object, old as never, errors);
    }
    if (!errors.empty) throw invalid(kind, object.metadata.name, errors);
  }
}
