import type { ApiError } from '../errors.ts';
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
import { AliasWrites, isAlias, type AliasKind } from './alias-writes.ts';
import type { DeleteOptions, DeleteResult, Patch, WriteOptions } from './client.ts';
import { deepEqual } from './deep-equal.ts';
import { namespacePrefix, objectKey } from './keys.ts';
import type { KindDescriptor } from './kind.ts';
import { deepFreeze, type KubeObject, type ObjectName, type StoredObject } from './object.ts';
import { alreadyExists, conflict, forbidden, modified, notFound } from './status-errors.ts';
import { hostIdentity, WritePreparation, type CheckedWrite, type PreparedWrite, type WritePreparationParts } from './write-preparation.ts';

/** Applies a patch of any type to an object (undefined: server-side apply of an object that does not exist). */
export type ObjectPatcher = (
  kind: KindDescriptor,
  old: StoredObject | undefined,
  patch: Patch,
  options: WriteOptions & { readonly subresource: string; readonly at: ObjectName },
) => KubeObject;

export interface RegistryParts extends WritePreparationParts {
  readonly store: Store;
  readonly patch: ObjectPatcher;
  /** Waits until the view has come to a revision; needed only where the store answers a write before it tells of it. */
  readonly caughtUp?: (revision: Revision) => Promise<unknown>;
  /** The store refused a write because its fence did not hold. */
  readonly onFenced?: (fence: Fence) => void;
}

/** Where a manifest belongs: the namespace `default` if it names none, as for a create. */
const placeOf = ({ namespaced }: KindDescriptor, { metadata }: KubeObject): ObjectName => ({
  namespace: namespaced ? (metadata?.namespace ?? 'default') : undefined,
  name: metadata?.name ?? '',
});

/**
 * The one way into the store: default, admit, validate, then commit with compare-and-swap. Everything that writes (typed
 * classes, HTTP, controllers, kubelets) comes through here.
 */
export class Registry {
  readonly #parts: RegistryParts;
  /** Writes up to the store's door, for those who commit several at once. */
  readonly prepare: WritePreparation;
  readonly #aliases: AliasWrites;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.prepare = new WritePreparation({ ...parts, current: (kind, at) => this.#present(kind, at) });
    this.#aliases = new AliasWrites(parts.decode);
  }

  /** Answers with the object as it is stored, also where `kind` is a second name of its kind; so do the other verbs. */
  async create(kind: KindDescriptor, manifest: KubeObject, options: WriteOptions = {}): Promise<StoredObject> {
    if (isAlias(kind)) return this.create(kind.storedAs.kind, this.#aliases.created(kind, manifest, options), options);
    return this.#commit(await this.prepare.create(kind, manifest, options), options);
  }

  /** Replaces an object. A `resourceVersion` in the manifest must be the present one; without, the newest is replaced. */
  async update(
    kind: KindDescriptor,
    manifest: KubeObject,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<StoredObject> {
    const at = placeOf(kind, manifest);
    if (kind.createsOnUpdate === true && (options.subresource ?? '') === '' && (await this.#present(kind, at)) === undefined) {
      if ((manifest.metadata?.resourceVersion ?? '') === '') return this.create(kind, manifest, options);
      throw conflict(
        kind,
        at.name,
        'StorageError: invalid object, Code: 4, Key: , ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition',
      );
    }
    return this.#updated(kind, manifest, options, options.subresource ?? '');
  }

  updateStatus(kind: KindDescriptor, manifest: KubeObject, options: WriteOptions = {}): Promise<StoredObject> {
    return this.#updated(kind, manifest, options, 'status');
  }

  #updated(kind: KindDescriptor, manifest: KubeObject, options: WriteOptions, subresource: string): Promise<StoredObject> {
    const at = placeOf(kind, manifest);
    if (!isAlias(kind)) return this.#mutate(kind, at, options, subresource, () => manifest);
    return this.#mutate(kind.storedAs.kind, at, options, subresource, (old) => this.#aliases.updated(kind, manifest, old, options));
  }

  async patch(
    kind: KindDescriptor,
    at: ObjectName,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<StoredObject> {
    const subresource = options.subresource ?? '';
    const patchOptions = { ...options, subresource, at };
    const checked = { ...options, patchType: patch.type, ...(patch.type === 'strategic' ? { strategicPatch: patch.patch } : {}) };
    if (patch.type === 'apply' && (await this.current(kind, at)) === undefined && subresource === '') {
      const applied = this.#parts.patch(kind, undefined, patch, patchOptions);
      const manifest = at.namespace === undefined ? applied : { ...applied, metadata: { ...applied.metadata, namespace: at.namespace } };
      if (isAlias(kind)) return this.create(kind, manifest, options);
      return this.#commit(await this.prepare.create(kind, manifest, checked), options);
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
      const prepared = await this.prepare.delete(kind, at, options);
      if (prepared.op === undefined || options.dryRun === true) return { gone: prepared.op?.value === null, object: prepared.object };
      const op = kind.gracePeriodSeconds === undefined ? prepared.op : await this.#markedLast(prepared.op, prepared.object, kind, at);
      const [result] = await this.#write([op]);
      if (result!.ok)
        return {
          gone: prepared.op.value === null,
          object: prepared.op.value === null ? prepared.object : (result!.entry.value as StoredObject),
        };
      const refused = this.#refusal(prepared, result!);
      if (options.preconditions?.resourceVersion !== undefined || refused.status !== 409) throw refused;
    }
  }

  /** An object that could have had grace is marked as deleted before it goes, so that watchers see both, as in Kubernetes. */
  async #markedLast(op: WriteOp, object: StoredObject, kind: KindDescriptor, at: ObjectName): Promise<WriteOp> {
    if (op.value !== null || deepEqual(object, await this.current(kind, at))) return op;
    const [marked] = await this.#write([{ ...op, value: deepFreeze(object) }]);
    return marked!.ok ? { ...op, expected: marked!.entry.revision } : op;
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
    return this.#present(kind, at);
  }

  #present(kind: KindDescriptor, at: ObjectName): StoredObject | undefined | Promise<StoredObject | undefined> {
    if (!this.#parts.store.shared) return this.#parts.view.get(kind, at.namespace, at.name) as StoredObject | undefined;
    return this.#parts.store.get(objectKey(kind, at.namespace, at.name)).then((entry) => entry?.value as StoredObject | undefined);
  }

  /** Binds a Pod as the binding subresource does: with the annotations of the Binding. */
  async bind(
    kind: KindDescriptor,
    pod: StoredObject,
    nodeName: string,
    options: WriteOptions & { readonly annotations: Readonly<Record<string, string>> },
  ): Promise<StoredObject> {
    const prepared = this.prepare.bind(kind, pod, nodeName, options.identity ?? hostIdentity, options.annotations);
    if (options.dryRun === true) return prepared.object;
    const [outcome] = await this.commit([prepared]);
    if (outcome instanceof Error) throw outcome;
    return outcome!;
  }

  /** Commits prepared writes as one group; for each the stored object, or the error. */
  async commit(writes: readonly PreparedWrite[]): Promise<readonly (StoredObject | ApiError)[]> {
    const ops: WriteOp[] = [];
    for (const { op } of writes) if (op !== undefined) ops.push(op);
    const results = ops.length === 0 ? [] : await this.#write(ops);
    let next = 0;
    const outcomes: (StoredObject | ApiError)[] = [];
    for (const write of writes) {
      const result = write.op === undefined ? undefined : results[next++]!;
      if (result === undefined || result.ok) {
        outcomes.push(committed(write, result));
        continue;
      }
      for (const rollback of write.rollbacks) await rollback();
      outcomes.push(this.#refusal(write, result));
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
      // A turn even where it is there: who is being told of changes may ask for a write, which must not happen before all are told.
      const old = await this.#present(kind, at);
      if (old === undefined) throw notFound(kind, at.name);
      const wanted = next(old);
      const ready = this.prepare.update(kind, wanted, old, subresource, options);
      const prepared = ready instanceof Promise ? await ready : ready;
      if (options.dryRun === true || prepared.op === undefined) {
        for (const rollback of prepared.rollbacks) await rollback();
        return prepared.object;
      }
      const [result] = await this.#write([prepared.op]);
      if (result!.ok) return committed(prepared, result);
      for (const rollback of prepared.rollbacks) await rollback();
      const refused = this.#refusal(prepared, result!);
      // Nobody named a revision: the newest is meant, so look again.
      if (refused.status !== 409 || (options.patchType === undefined && wanted.metadata?.resourceVersion !== undefined)) throw refused;
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

  #write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]> {
    const written = this.#parts.store.write(ops);
    return this.#parts.caughtUp === undefined ? written : this.#seen(written);
  }

  /** Who has been told of a write finds it in the view. */
  async #seen(written: Promise<readonly WriteResult[]>): Promise<readonly WriteResult[]> {
    const { view, caughtUp } = this.#parts;
    const results = await written;
    let newest = 0;
    for (const result of results) if (result.ok && result.entry.revision > newest) newest = result.entry.revision;
    if (newest > view.revision) await caughtUp?.(newest);
    return results;
  }

  #refusal(write: PreparedWrite, result: Exclude<WriteResult, { ok: true }>): ApiError {
    if (result.reason === 'fenced') {
      if (write.op?.fence !== undefined) this.#parts.onFenced?.(write.op.fence);
      return forbidden(write.kind, write.name, 'this control plane does not lead any more');
    }
    const current: StoreEntry | undefined = result.current;
    if (current === undefined) return notFound(write.kind, write.name);
    if (write.op?.expected !== 0) return modified(write.kind, write.name);
    return alreadyExists(write.kind, write.name, (current.value as StoredObject).metadata.deletionTimestamp !== undefined);
  }
}

type Done = Extract<WriteResult, { ok: true }>;

/** What is answered to who wrote: what is stored, or what an update or delete took away, as it last would have been. */
const committed = ({ op, object }: PreparedWrite, result: Done | undefined): StoredObject =>
  result === undefined || op?.value === null ? object : (result.entry.value as StoredObject);
