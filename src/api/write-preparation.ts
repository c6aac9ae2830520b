import type { Clock } from '../env/clock.ts';
import type { Random } from '../env/random.ts';
import { ApiError } from '../errors.ts';
import type { Fence, WriteOp } from '../stores/store.ts';
import type { AdmissionRequest } from './admission.ts';
import type { AdmissionChain } from './admission-chain.ts';
import type { DeleteOptions, Identity, Patch, WriteOptions } from './client.ts';
import { decideDeletion, isReleased } from './deletion.ts';
import { objectKey } from './keys.ts';
import { partOf, type Draft, type KindDescriptor } from './kind.ts';
import { nameFor } from './naming.ts';
import { deepFreeze, type KubeObject, type ObjectName, type StoredObject } from './object.ts';
import { checkDeletionPreconditions, checkPreconditions } from './preconditions.ts';
import { prepareFor, prepareNew, scheduledAt, withGeneration, withScheduled } from './preparation.ts';
import { SharedSpecs } from './shared-specs.ts';
import { conflict, notFound } from './status-errors.ts';
import { TimeTexts } from './time-texts.ts';
import { newUid } from './uid.ts';
import { unchanged } from './unchanged.ts';
import { Validator } from './validator.ts';
import type { View } from './view.ts';

/** Turns what came from outside into an object of the kind's shape: types, unknown fields, quantities. Throws `ApiError`. */
export type ObjectDecoder = (
  kind: KindDescriptor,
  raw: KubeObject,
  options: WriteOptions & { readonly patched?: boolean; readonly strategicPatch?: unknown },
) => KubeObject;

/** A write that comes from a patch: what cannot be read is the patch's fault, and an applied object has its owners already. */
export type CheckedWrite = WriteOptions & { readonly patchType?: Patch['type']; readonly strategicPatch?: unknown };

/** A write that is ready for the store: it passed every check. */
export interface PreparedWrite {
  readonly kind: KindDescriptor;
  readonly name: string;
  /** undefined: nothing changes. */
  readonly op: WriteOp | undefined;
  readonly object: StoredObject;
  readonly rollbacks: readonly (() => Promise<void>)[];
}

export const hostIdentity: Identity = { name: 'coxswain', groups: ['system:masters'], role: 'host' };

export interface WritePreparationParts {
  readonly view: View;
  readonly clock: Clock;
  /** Chance for uids and generated names: asked for anew each time, since a store that remembers changes it when it is opened. */
  readonly random: () => Random;
  readonly decode: ObjectDecoder;
  /** Accounts for a write in `metadata.managedFields`. */
  readonly track: (
    kind: KindDescriptor,
    old: StoredObject | undefined,
    next: StoredObject,
    options: WriteOptions & { readonly subresource: string },
  ) => StoredObject;
  readonly admission: AdmissionChain;
  /** The leader's key, for writes of controllers; undefined where nobody else writes. */
  readonly fence: () => Fence | undefined;
}

/** Where the present object is looked up. */
interface PresentObjects {
  current(kind: KindDescriptor, at: ObjectName): StoredObject | undefined | Promise<StoredObject | undefined>;
}

type Prepare = (draft: Draft<KubeObject>) => void;

/** Goes on at once with what is there, so that a group of writes costs no turns; else when it has come. */
function chained<T, R>(value: T | Promise<T>, proceed: (value: T) => R | Promise<R>): R | Promise<R> {
  return value instanceof Promise ? value.then(proceed) : proceed(value);
}

/** All that is checked and filled in before a write comes to the store's door: read, default, admit, validate. */
export class WritePreparation {
  readonly #parts: WritePreparationParts & PresentObjects;
  readonly #validator = new Validator();
  readonly #specs = new SharedSpecs();
  readonly #times = new TimeTexts();
  #lastScheduled = { at: '', conditions: scheduledAt('') };

  /** @internal */
  constructor(parts: WritePreparationParts & PresentObjects) {
    this.#parts = parts;
  }

  /** All checks of a create, up to the store's door. Throws what is wrong at once, if no step of admission has to be waited for. */
  create(kind: KindDescriptor, manifest: KubeObject, options: CheckedWrite): PreparedWrite | Promise<PreparedWrite> {
    const { clock } = this.#parts;
    const random = this.#parts.random();
    const identity = options.identity ?? hostIdentity;
    const decoded = identity.role === 'controller' ? manifest : this.#withSharedSpec(kind, this.#parts.decode(kind, manifest, options));
    if (
      decoded.metadata?.resourceVersion !== undefined &&
      decoded.metadata.resourceVersion !== '' &&
      decoded.metadata.resourceVersion !== '0'
    ) {
      throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created', undefined, { retryable: false });
    }
    const name = nameFor(kind, decoded, random);
    const namespace = kind.namespaced ? (decoded.metadata?.namespace ?? 'default') : undefined;
    let object = prepareNew(kind, decoded, name, namespace, newUid(random), this.#times.of(clock.now()));
    object = this.#validator.defaulted(kind, object, kind.prepareForCreate as Prepare | undefined);
    if (options.patchType !== 'apply') object = this.#parts.track(kind, undefined, object, { ...options, subresource: '' });
    const request = this.#request('CREATE', kind, undefined, '', object, namespace, identity, options);
    return chained(this.#parts.admission.mutate(request), (admitted) => {
      const created = admitted.object === object ? object : this.#validator.defaulted(kind, admitted.object as StoredObject);
      return this.#checked(kind, request, deepFreeze(created), admitted.rollbacks, options);
    });
  }

  /** All checks of an update of `old`, up to the store's door; throws as `create` does. */
  update(
    kind: KindDescriptor,
    manifest: KubeObject,
    old: StoredObject,
    subresource: string,
    options: CheckedWrite,
  ): PreparedWrite | Promise<PreparedWrite> {
    const identity = options.identity ?? hostIdentity;
    const decoded = identity.role === 'controller' || identity.role === 'kubelet' ? manifest : this.#decodeUpdate(kind, manifest, options);
    checkPreconditions(kind, decoded, old, options.patchType !== undefined);
    let object = prepareFor(kind, decoded, old, subresource);
    const prepare = subresource === 'status' ? kind.prepareForStatusUpdate : subresource === '' ? kind.prepareForUpdate : undefined;
    if (prepare !== undefined || subresource === '' || partOf(kind, subresource) !== undefined)
      object = this.#validator.defaulted(kind, object, prepare === undefined ? undefined : (draft) => prepare(draft, old as never));
    if (options.patchType !== 'apply') object = this.#parts.track(kind, old, object, { ...options, subresource });
    const request = this.#request('UPDATE', kind, old, subresource, object, old.metadata.namespace, identity, options);
    return chained(this.#parts.admission.mutate(request), (admitted) => {
      const changed = admitted.object === object ? object : this.#validator.defaulted(kind, admitted.object as StoredObject);
      const updated = deepFreeze(withGeneration(kind, changed, old, identity.role));
      return this.#checked(kind, request, updated, admitted.rollbacks, options);
    });
  }

  /** Binds a Pod to a node: refused if it is bound already. The spec it had is known to be good. */
  bind(
    kind: KindDescriptor,
    pod: StoredObject,
    nodeName: string,
    identity: Identity,
    annotations: Readonly<Record<string, string>> = {},
  ): PreparedWrite {
    const old = this.#parts.view.get(kind, pod.metadata.namespace, pod.metadata.name) as StoredObject | undefined;
    const name = pod.metadata.name;
    if (old === undefined || old.metadata.uid !== pod.metadata.uid) throw notFound(kind, name);
    const binding = { ...kind, plural: `${kind.plural}/binding` };
    if (old.metadata.deletionTimestamp !== undefined)
      throw conflict(binding, name, `pod ${name} is being deleted, cannot be assigned to a host`);
    const spec = old.spec as { readonly nodeName?: string };
    if (spec.nodeName !== undefined && spec.nodeName !== '')
      throw conflict(binding, name, `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
    const bound = this.#specs.bound(spec, nodeName);
    const metadata =
      Object.keys(annotations).length === 0
        ? old.metadata
        : { ...old.metadata, annotations: { ...old.metadata.annotations, ...annotations } };
    const object = deepFreeze({ ...old, metadata, spec: bound, status: withScheduled(old.status, this.#scheduled()) });
    return {
      kind,
      name,
      object,
      rollbacks: [],
      op: this.#op(objectKey(kind, old.metadata.namespace, name), object, Number(old.metadata.resourceVersion), identity),
    };
  }

  /** What Pods that are bound now say of it: the same for all of one second. */
  #scheduled(): ReturnType<typeof scheduledAt> {
    const at = this.#times.of(this.#parts.clock.now());
    if (at !== this.#lastScheduled.at) this.#lastScheduled = { at, conditions: scheduledAt(at) };
    return this.#lastScheduled.conditions;
  }

  /** All checks of a deletion, up to the store's door: what it marks or removes. Throws as `create` does. */
  delete(kind: KindDescriptor, at: ObjectName, options: DeleteOptions): PreparedWrite | Promise<PreparedWrite> {
    return chained(this.#parts.current(kind, at), (old) => {
      if (old === undefined) throw notFound(kind, at.name);
      const identity = options.identity ?? hostIdentity;
      checkDeletionPreconditions(kind, old, options);
      const request = this.#request('DELETE', kind, old, '', old, old.metadata.namespace, identity, options);
      return chained(this.#admit(request, options), () => {
        const { remove, object } = decideDeletion(kind, old, options, this.#parts.clock.now());
        const key = objectKey(kind, old.metadata.namespace, at.name);
        const value = remove ? null : deepFreeze(object);
        const op = value === old ? undefined : this.#op(key, value, Number(old.metadata.resourceVersion), identity);
        return { kind, name: at.name, object, rollbacks: [], op };
      });
    });
  }

  /** The object with a spec that it has in common with others, where its kind shares them. */
  #withSharedSpec(kind: KindDescriptor, decoded: KubeObject): KubeObject {
    const { spec } = decoded as { readonly spec?: unknown };
    if (kind.sharesSpec !== true || typeof spec !== 'object' || spec === null) return decoded;
    const shared = this.#specs.of(spec);
    return shared === spec ? decoded : ({ ...decoded, spec: shared } as KubeObject);
  }

  #request(
    operation: AdmissionRequest['operation'],
    kind: KindDescriptor,
    old: StoredObject | undefined,
    subresource: string,
    object: StoredObject,
    namespace: string | undefined,
    identity: Identity,
    options: WriteOptions | DeleteOptions,
  ): AdmissionRequest {
    const { view } = this.#parts;
    const { dryRun = false, onWarning: warn = ignore } = options;
    return { operation, kind, old, subresource, object, namespace, identity, dryRun, view, warn };
  }

  /** What is left to do once an object is as it would be stored. What admission reserved for it is given back if it is refused. */
  #checked(
    kind: KindDescriptor,
    request: AdmissionRequest,
    object: StoredObject,
    rollbacks: PreparedWrite['rollbacks'],
    options: WriteOptions,
  ): PreparedWrite | Promise<PreparedWrite> {
    const { old, subresource, identity } = request;
    const refuse = async (error: unknown): Promise<never> => {
      for (const rollback of rollbacks) await rollback();
      throw error;
    };
    try {
      if (old === undefined) this.#validator.create(kind, object, identity.role === 'controller');
      else this.#validator.update(kind, object, old, subresource, identity.role === 'controller');
      const admitted = this.#admit(object === request.object ? request : { ...request, object }, options);
      const ready = (): PreparedWrite => this.#ready(kind, object, request, rollbacks, options);
      return admitted instanceof Promise ? admitted.then(ready, refuse) : ready();
    } catch (error) {
      if (rollbacks.length === 0) throw error;
      return refuse(error);
    }
  }

  #admit(request: AdmissionRequest, options: WriteOptions | DeleteOptions): void | Promise<void> {
    return chained(this.#parts.admission.validate(request), () => options.admit?.(request));
  }

  #ready(
    kind: KindDescriptor,
    object: StoredObject,
    { old, subresource, identity }: AdmissionRequest,
    rollbacks: PreparedWrite['rollbacks'],
    options: WriteOptions,
  ): PreparedWrite {
    const { name, namespace } = object.metadata;
    if (subresource === '') this.#warn(kind, object, options);
    if (old !== undefined && unchanged(object, old)) return { kind, name, object: old, rollbacks, op: undefined };
    const value = old !== undefined && isReleased(object) ? null : object;
    const expected = old === undefined ? 0 : Number(old.metadata.resourceVersion);
    return { kind, name, object, rollbacks, op: this.#op(objectKey(kind, namespace, name), value, expected, identity) };
  }

  #decodeUpdate(kind: KindDescriptor, manifest: KubeObject, options: CheckedWrite): KubeObject {
    const { patchType } = options;
    return this.#parts.decode(kind, manifest, {
      ...options,
      patched: patchType !== undefined && patchType !== 'apply',
      strategicPatch: options.strategicPatch,
    });
  }

  #op(key: string, value: StoredObject | null, expected: number, identity: Identity): WriteOp {
    const bound = (identity.role === 'controller' || identity.role === 'scheduler') && identity.unfenced !== true;
    const fence = bound ? this.#parts.fence() : undefined;
    return fence === undefined ? { key, value, expected } : { key, value, expected, fence };
  }

  #warn(kind: KindDescriptor, object: StoredObject, options: WriteOptions): void {
    if (options.onWarning === undefined) return;
    for (const warning of kind.warnings?.(object) ?? []) options.onWarning(warning);
  }
}

const ignore = (): void => undefined;
