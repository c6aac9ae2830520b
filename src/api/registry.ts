import type { Clock } from '../env/clock.ts';
import type { Random } from '../env/random.ts';
import { ApiError } from '../errors.ts';
import type {
  Fence,
  ListOptions,
  Revision,
  Store,
  StoreEntry,
  StoreList,
  StoreWatch,
  WatchOptions,
  WriteOp,
  WriteResult,
} from '../stores/store.ts';
import type { AdmissionChain } from './admission-chain.ts';
import { AliasWrites, isAlias, type AliasKind } from './alias-writes.ts';
import type { DeleteOptions, DeleteResult, Identity, Patch, WriteOptions } from './client.ts';
import { sameButForTimes } from './apply/managers.ts';
import { deepEqual } from './deep-equal.ts';
import { decideDeletion, isReleased } from './deletion.ts';
import { namespacePrefix, objectKey } from './keys.ts';
import type { KindDescriptor } from './kind.ts';
import { nameFor } from './naming.ts';
import { deepFreeze, type KubeObject, type ObjectName, type StoredObject } from './object.ts';
import { checkPreconditions } from './preconditions.ts';
import { prepareFor, prepareNew, withGeneration, withScheduled } from './preparation.ts';
import { alreadyExists, conflict, forbidden, modified, notFound } from './status-errors.ts';
import { formatTime } from './time.ts';
import { newUid } from './uid.ts';
import { Validator } from './validator.ts';
import type { View } from './view.ts';

/** Turns what came from outside into an object of the kind's shape: types, unknown fields, quantities. Throws `ApiError`. */
export type ObjectDecoder = (kind: KindDescriptor, raw: KubeObject, options: WriteOptions & { readonly patched?: boolean }) => KubeObject;

/** Applies a patch of any type to an object (undefined: server-side apply of an object that does not exist). */
export type ObjectPatcher = (
  kind: KindDescriptor,
  old: StoredObject | undefined,
  patch: Patch,
  options: WriteOptions & { readonly subresource: string; readonly at: ObjectName },
) => KubeObject;

export interface RegistryParts {
  readonly store: Store;
  readonly view: View;
  readonly clock: Clock;
  readonly random: Random;
  readonly decode: ObjectDecoder;
  readonly patch: ObjectPatcher;
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

/** A write that comes from a patch: what cannot be read is the patch's fault, and an applied object has its owners already. */
type CheckedWrite = WriteOptions & { readonly patchType?: Patch['type'] };

const hostIdentity: Identity = { name: 'coxswain', groups: ['system:masters'], role: 'host' };

/** A write that is ready for the store: it passed every check. */
export interface PreparedWrite {
  readonly kind: KindDescriptor;
  readonly name: string;
  /** undefined: nothing changes. */
  readonly op: WriteOp | undefined;
  readonly object: StoredObject;
  readonly rollbacks: readonly (() => Promise<void>)[];
}

/**
 * The one way into the store: default, admit, validate, then commit with compare-and-swap. Everything that writes (typed
 * classes, HTTP, controllers, kubelets) comes through here.
 */
export class Registry {
  readonly #parts: RegistryParts;
  readonly #validator = new Validator();
  readonly #aliases: AliasWrites;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.#aliases = new AliasWrites(parts.decode);
  }

  /** Answers with the object as it is stored, also where `kind` is a second name of its kind; so do the other verbs. */
  async create(kind: KindDescriptor, manifest: KubeObject, options: WriteOptions = {}): Promise<StoredObject> {
    if (isAlias(kind)) return this.create(kind.storedAs.kind, this.#aliases.created(kind, manifest, options), options);
    return this.#commit(await this.prepareCreate(kind, manifest, options), options);
  }

  /** Replaces an object. A `resourceVersion` in the manifest must be the present one; without, the newest is replaced. */
  async update(
    kind: KindDescriptor,
    manifest: KubeObject,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<StoredObject> {
    const at = { namespace: manifest.metadata?.namespace, name: manifest.metadata?.name ?? '' };
    if (kind.createsOnUpdate === true && (options.subresource ?? '') === '' && (await this.current(kind, at)) === undefined) {
      if ((manifest.metadata?.resourceVersion ?? '') === '') return this.create(kind, manifest, options);
      throw conflict(
        kind,
        at.name,
        'StorageError: invalid object, Code: 4, Key: , ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition',
      );
    }
    const subresource = options.subresource ?? '';
    if (!isAlias(kind)) return this.#mutate(kind, at, options, subresource, () => manifest);
    return this.#mutate(kind.storedAs.kind, at, options, subresource, (old) => this.#aliases.updated(kind, manifest, old, options));
  }

  async updateStatus(kind: KindDescriptor, manifest: KubeObject, options: WriteOptions = {}): Promise<StoredObject> {
    return this.update(kind, manifest, { ...options, subresource: 'status' });
  }

  async patch(
    kind: KindDescriptor,
    at: ObjectName,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<StoredObject> {
    const subresource = options.subresource ?? '';
    const patchOptions = { ...options, subresource, at };
    const checked = { ...options, patchType: patch.type };
    if (patch.type === 'apply' && (await this.current(kind, at)) === undefined && subresource === '') {
      const applied = this.#parts.patch(kind, undefined, patch, patchOptions);
      const manifest = at.namespace === undefined ? applied : { ...applied, metadata: { ...applied.metadata, namespace: at.namespace } };
      if (isAlias(kind)) return this.create(kind, manifest, options);
      return this.#commit(await this.prepareCreate(kind, manifest, checked), options);
    }
    if (isAlias(kind)) return this.#patchAlias(kind, at, patch, checked, subresource);
    return this.#mutate(kind, at, checked, subresource, (old) => this.#parts.patch(kind, old, patch, patchOptions));
  }

  /** The patch is for the object as the second name shows it. */
  #patchAlias(kind: AliasKind, at: ObjectName, patch: Patch, options: CheckedWrite, subresource: string): Promise<StoredObject> {
    const patchOptions = { ...options, subresource, at };
    return this.#mutate(kind.storedAs.kind, at, options, subresource, (old) => {
      const patched = this.#parts.patch(kind, kind.storedAs.fromStored(old), patch, patchOptions);
      return this.#aliases.updated(kind, patched, old, { ...options, patched: patch.type !== 'apply' });
    });
  }

  async delete(kind: KindDescriptor, at: ObjectName, options: DeleteOptions = {}): Promise<DeleteResult> {
    for (;;) {
      const prepared = await this.prepareDelete(kind, at, options);
      if (prepared.op === undefined || options.dryRun === true) return { gone: prepared.op?.value === null, object: prepared.object };
      const [result] = await this.#parts.store.write([prepared.op]);
      if (result!.ok)
        return {
          gone: prepared.op.value === null,
          object: prepared.op.value === null ? prepared.object : (result!.entry.value as StoredObject),
        };
      const refused = this.#refusal(prepared, result!);
      if (options.preconditions?.resourceVersion !== undefined || refused.status !== 409) throw refused;
    }
  }

  /** Deletes what a query picks, one by one; an object that is gone meanwhile counts as deleted. */
  async deleteCollection(
    kind: KindDescriptor,
    picked: readonly StoredObject[],
    options: DeleteOptions = {},
  ): Promise<readonly StoredObject[]> {
    const deleted: StoredObject[] = [];
    for (const object of picked) {
      try {
        await this.delete(kind, { namespace: object.metadata.namespace, name: object.metadata.name }, options);
        deleted.push(object);
      } catch (error) {
        if ((error as ApiError).status !== 404) throw error;
      }
    }
    return deleted;
  }

  /** Objects of a kind in the order of their keys, at one revision; `after` and `limit` page through them. */
  list(kind: KindDescriptor, namespace: string | undefined, options: ListOptions = {}): Promise<StoreList> {
    return this.#parts.store.list(namespacePrefix(kind, namespace), options);
  }

  /** Changes of a kind after a revision, as the store keeps them. */
  watch(kind: KindDescriptor, namespace: string | undefined, options: Omit<WatchOptions, 'prefix'>): StoreWatch {
    return this.#parts.store.watch({ ...options, prefix: namespacePrefix(kind, namespace) });
  }

  /** The newest revision. */
  head(): Promise<Revision> {
    return this.#parts.store.head();
  }

  /** The present object: from the view where this process is the only writer, else from the store. */
  async current(kind: KindDescriptor, at: ObjectName): Promise<StoredObject | undefined> {
    if (!this.#parts.store.shared) return this.#parts.view.get(kind, at.namespace, at.name) as StoredObject | undefined;
    const entry = await this.#parts.store.get(objectKey(kind, at.namespace, at.name));
    return entry?.value as StoredObject | undefined;
  }

  /** All checks of a create, up to the store's door. */
  async prepareCreate(kind: KindDescriptor, manifest: KubeObject, options: CheckedWrite): Promise<PreparedWrite> {
    const { clock, random, view } = this.#parts;
    const identity = options.identity ?? hostIdentity;
    const decoded = identity.role === 'controller' ? manifest : this.#parts.decode(kind, manifest, options);
    if (
      decoded.metadata?.resourceVersion !== undefined &&
      decoded.metadata.resourceVersion !== '' &&
      decoded.metadata.resourceVersion !== '0'
    ) {
      throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created', undefined, { retryable: false });
    }
    const name = nameFor(kind, decoded, random);
    const namespace = kind.namespaced ? (decoded.metadata?.namespace ?? 'default') : undefined;
    let object = prepareNew(kind, decoded, name, namespace, newUid(random), clock.now());
    object = this.#validator.defaulted(
      kind,
      object,
      kind.prepareForCreate === undefined ? undefined : (draft) => kind.prepareForCreate?.(draft),
    );
    if (options.patchType !== 'apply') object = this.#parts.track(kind, undefined, object, { ...options, subresource: '' });
    const request = {
      operation: 'CREATE' as const,
      kind,
      old: undefined,
      subresource: '',
      namespace,
      identity,
      dryRun: options.dryRun ?? false,
      view,
      warn: options.onWarning ?? ignore,
    };
    const admitted = await this.#parts.admission.mutate({ ...request, object });
    object = admitted.object === object ? object : this.#validator.defaulted(kind, admitted.object as StoredObject);
    object = deepFreeze(object);
    try {
      this.#validator.create(kind, object, identity.role === 'controller');
      await this.#parts.admission.validate({ ...request, object });
    } catch (error) {
      for (const rollback of admitted.rollbacks) await rollback();
      throw error;
    }
    this.#warn(kind, object, options);
    return { kind, name, object, rollbacks: admitted.rollbacks, op: this.#op(objectKey(kind, namespace, name), object, 0, identity) };
  }

  /** All checks of an update of `old`, up to the store's door. */
  async prepareUpdate(
    kind: KindDescriptor,
    manifest: KubeObject,
    old: StoredObject,
    subresource: string,
    options: CheckedWrite,
  ): Promise<PreparedWrite> {
    const { view } = this.#parts;
    const identity = options.identity ?? hostIdentity;
    const name = old.metadata.name;
    const decoded = identity.role === 'controller' || identity.role === 'kubelet' ? manifest : this.#decodeUpdate(kind, manifest, options);
    checkPreconditions(kind, decoded, old);
    let object = prepareFor(kind, decoded, old, subresource);
    const prepare = subresource === 'status' ? kind.prepareForStatusUpdate : subresource === '' ? kind.prepareForUpdate : undefined;
    if (prepare !== undefined || subresource === '')
      object = this.#validator.defaulted(kind, object, prepare === undefined ? undefined : (draft) => prepare(draft, old as never));
    if (options.patchType !== 'apply') object = this.#parts.track(kind, old, object, { ...options, subresource });
    const request = {
      operation: 'UPDATE' as const,
      kind,
      old,
      subresource,
      namespace: old.metadata.namespace,
      identity,
      dryRun: options.dryRun ?? false,
      view,
      warn: options.onWarning ?? ignore,
    };
    const admitted = await this.#parts.admission.mutate({ ...request, object });
    const changed = admitted.object === object ? object : this.#validator.defaulted(kind, admitted.object as StoredObject);
    object = withGeneration(kind, changed, old);
    object = deepFreeze(object);
    this.#validator.update(kind, object, old, subresource, identity.role === 'controller');
    await this.#parts.admission.validate({ ...request, object });
    if (subresource === '') this.#warn(kind, object, options);
    const key = objectKey(kind, old.metadata.namespace, name);
    const revision = Number(old.metadata.resourceVersion);
    if (unchanged(object, old)) return { kind, name, object: old, rollbacks: admitted.rollbacks, op: undefined };
    return { kind, name, object, rollbacks: admitted.rollbacks, op: this.#op(key, isReleased(object) ? null : object, revision, identity) };
  }

  /** Binds a Pod to a node: refused if it is bound already. The spec it had is known to be good. */
  prepareBind(
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
    const bound = deepFreeze({ ...spec, nodeName });
    this.#validator.trust(bound);
    const metadata =
      Object.keys(annotations).length === 0
        ? old.metadata
        : { ...old.metadata, annotations: { ...old.metadata.annotations, ...annotations } };
    const object = deepFreeze({ ...old, metadata, spec: bound, status: withScheduled(old.status, formatTime(this.#parts.clock.now())) });
    return {
      kind,
      name,
      object,
      rollbacks: [],
      op: this.#op(objectKey(kind, old.metadata.namespace, name), object, Number(old.metadata.resourceVersion), identity),
    };
  }

  /** Binds a Pod as the binding subresource does: with the annotations of the Binding. */
  async bind(
    kind: KindDescriptor,
    pod: StoredObject,
    nodeName: string,
    options: WriteOptions & { readonly annotations: Readonly<Record<string, string>> },
  ): Promise<StoredObject> {
    const prepared = this.prepareBind(kind, pod, nodeName, options.identity ?? hostIdentity, options.annotations);
    if (options.dryRun === true) return prepared.object;
    const [outcome] = await this.commit([prepared]);
    if (outcome instanceof Error) throw outcome;
    return outcome!;
  }

  async prepareDelete(kind: KindDescriptor, at: ObjectName, options: DeleteOptions): Promise<PreparedWrite> {
    const identity = options.identity ?? hostIdentity;
    const old = await this.current(kind, at);
    if (old === undefined) throw notFound(kind, at.name);
    const { uid, resourceVersion } = options.preconditions ?? {};
    // Kubernetes names the kind here, not the resource.
    const named = { ...kind, plural: kind.kind };
    if (uid !== undefined && uid !== old.metadata.uid) {
      throw conflict(named, at.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
    }
    if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
      throw conflict(
        named,
        at.name,
        `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${old.metadata.resourceVersion}`,
      );
    }
    const request = {
      operation: 'DELETE' as const,
      kind,
      object: old,
      old,
      subresource: '',
      namespace: old.metadata.namespace,
      identity,
      dryRun: options.dryRun ?? false,
      view: this.#parts.view,
      warn: options.onWarning ?? ignore,
    };
    await this.#parts.admission.validate(request);
    const deletion = decideDeletion(kind, old, options, this.#parts.clock.now());
    const key = objectKey(kind, old.metadata.namespace, at.name);
    const revision = Number(old.metadata.resourceVersion);
    if (deletion.remove)
      return { kind, name: at.name, object: deletion.object, rollbacks: [], op: this.#op(key, null, revision, identity) };
    const unchanged = deletion.object === old;
    return {
      kind,
      name: at.name,
      object: deletion.object,
      rollbacks: [],
      op: unchanged ? undefined : this.#op(key, deepFreeze(deletion.object), revision, identity),
    };
  }

  /** Commits prepared writes as one group; for each the stored object, or the error. */
  async commit(writes: readonly PreparedWrite[]): Promise<readonly (StoredObject | ApiError)[]> {
    const ops = writes.flatMap((write) => (write.op === undefined ? [] : [write.op]));
    const results = ops.length === 0 ? [] : await this.#parts.store.write(ops);
    let next = 0;
    const outcomes: (StoredObject | ApiError)[] = [];
    for (const write of writes) {
      if (write.op === undefined) {
        outcomes.push(write.object);
        continue;
      }
      const result = results[next++]!;
      // What an update or delete took away is answered with as it last would have been.
      if (result.ok) outcomes.push(write.op.value === null ? write.object : (result.entry.value as StoredObject));
      else {
        for (const rollback of write.rollbacks) await rollback();
        outcomes.push(this.#refusal(write, result));
      }
    }
    return outcomes;
  }

  async #mutate(
    kind: KindDescriptor,
    at: ObjectName,
    options: CheckedWrite,
    subresource: string,
    next: (old: StoredObject) => KubeObject,
  ): Promise<StoredObject> {
    for (;;) {
      const old = await this.current(kind, at);
      if (old === undefined) throw notFound(kind, at.name);
      const wanted = next(old);
      const prepared = await this.prepareUpdate(kind, wanted, old, subresource, options);
      if (options.dryRun === true || prepared.op === undefined) {
        for (const rollback of prepared.rollbacks) await rollback();
        return prepared.object;
      }
      const [outcome] = await this.commit([prepared]);
      if (!(outcome instanceof Error)) return outcome!;
      // Nobody named a revision: the newest is meant, so look again.
      if (outcome.status !== 409 || (options.patchType === undefined && wanted.metadata?.resourceVersion !== undefined)) throw outcome;
    }
  }

  async #commit(prepared: PreparedWrite, options: WriteOptions): Promise<StoredObject> {
    if (options.dryRun === true) {
      for (const rollback of prepared.rollbacks) await rollback();
      if ((await this.current(prepared.kind, { namespace: prepared.object.metadata.namespace, name: prepared.name })) !== undefined)
        throw alreadyExists(prepared.kind, prepared.name);
      return prepared.object;
    }
    const [outcome] = await this.commit([prepared]);
    if (outcome instanceof Error) throw outcome;
    return outcome!;
  }

  #decodeUpdate(kind: KindDescriptor, manifest: KubeObject, options: CheckedWrite): KubeObject {
    const { patchType } = options;
    return this.#parts.decode(kind, manifest, { ...options, patched: patchType !== undefined && patchType !== 'apply' });
  }

  #op(key: string, value: StoredObject | null, expected: number, identity: Identity): WriteOp {
    const fence = identity.role === 'controller' || identity.role === 'scheduler' ? this.#parts.fence() : undefined;
    return fence === undefined ? { key, value, expected } : { key, value, expected, fence };
  }

  #refusal(write: PreparedWrite, result: Exclude<WriteResult, { ok: true }>): ApiError {
    if (result.reason === 'fenced') return forbidden(write.kind, write.name, 'this control plane does not lead any more');
    const current: StoreEntry | undefined = result.current;
    if (current === undefined) return notFound(write.kind, write.name);
    return write.op?.expected === 0 ? alreadyExists(write.kind, write.name) : modified(write.kind, write.name);
  }

  #warn(kind: KindDescriptor, object: StoredObject, options: WriteOptions): void {
    if (options.onWarning === undefined) return;
    for (const warning of kind.warnings?.(object) ?? []) options.onWarning(warning);
  }
}

const ignore = (): void => undefined;

/** Nothing changes, or only when somebody took fields that were his already. */
function unchanged(object: StoredObject, old: StoredObject): boolean {
  const { managedFields: now } = object.metadata;
  const { managedFields: before } = old.metadata;
  if (now === undefined || before === undefined || now === before || !sameButForTimes(now, before)) return deepEqual(object, old);
  return deepEqual({ ...object, metadata: { ...object.metadata, managedFields: before } }, old);
}
