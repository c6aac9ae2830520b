import type { Revision, StoreChange } from '../stores/store.ts';
import type { CensusGroup, CensusKind } from './census.ts';
import type { IndexKind } from './derived-index.ts';
import { kindPrefix } from './keys.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, Stored, StoredObject } from './object.ts';
import { BucketIndex } from './object-bucket.ts';
import { ObjectTable } from './object-table.ts';
import { LabelMatcher } from './label-matcher.ts';
import type { ViewQuery, ViewReader } from './view-reader.ts';

/** One change of one object, with its kind. */
export interface ViewChange {
  readonly kind: KindDescriptor;
  readonly type: 'added' | 'modified' | 'deleted';
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
}

interface Home {
  readonly kind: KindDescriptor;
  readonly table: ObjectTable;
}

const podsPrefix = 'core/pods/';

/** The node a Pod is bound to; '' for none. */
const nodeNameOf = (pod: StoredObject): string => (pod.spec as { readonly nodeName?: string } | undefined)?.nodeName ?? '';

/**
 * The indexed picture of the store. It takes in changes (`ingest`) between computations and is read-only for everybody else;
 * the objects in it are the store's own frozen ones.
 */
export class View implements ViewReader {
  #revision: Revision = 0;
  readonly #tables = new Map<string, Home>();
  /** The table of a descriptor, found by its names once. */
  #found = new WeakMap<KindDescriptor, ObjectTable>();
  readonly #byUid = new Map<string, StoredObject>();
  readonly #owned = new BucketIndex();
  readonly #podsByNode = new BucketIndex();
  readonly #sideTables = new Map<string, Map<string, unknown>>();

  constructor(kinds: Iterable<KindDescriptor>) {
    for (const kind of kinds) this.addKind(kind);
  }

  /** Makes room for a kind; kinds stored under another kind's name share its table. */
  addKind(kind: KindDescriptor): void {
    const prefix = kindPrefix(kind);
    if (kind.storedAs !== undefined || this.#tables.has(prefix)) return;
    this.#tables.set(prefix, { kind, table: new ObjectTable() });
    this.#found = new WeakMap();
  }

  removeKind(kind: KindDescriptor): void {
    this.#tables.delete(kindPrefix(kind));
    this.#found = new WeakMap();
  }

  get revision(): Revision {
    return this.#revision;
  }

  get<M extends KubeObject>(kind: KindDescriptor<M>, namespace: string | undefined, name: string): Stored<M> | undefined {
    return this.#table(kind)?.get(kind.namespaced ? (namespace ?? '') : '', name) as Stored<M> | undefined;
  }

  list<M extends KubeObject>(kind: KindDescriptor<M>, query: ViewQuery = {}): readonly Stored<M>[] {
    const all = (this.#table(kind)?.list(kind.namespaced ? query.namespace : undefined) ?? []) as readonly Stored<M>[];
    if (query.labels === undefined) return all;
    const matcher = typeof query.labels === 'string' ? LabelMatcher.parse(query.labels) : LabelMatcher.of(query.labels);
    return all.filter((object) => matcher.matches(object.metadata.labels));
  }

  count(kind: KindDescriptor): number {
    return this.#table(kind)?.count ?? 0;
  }

  byUid(uid: string): StoredObject | undefined {
    return this.#byUid.get(uid);
  }

  ownedBy(uid: string): readonly StoredObject[] {
    return this.#owned.list(uid);
  }

  controlledBy<M extends KubeObject>(kind: KindDescriptor<M>, uid: string): readonly Stored<M>[] {
    return this.#owned
      .list(uid)
      .filter(
        (object) =>
          object.kind === kind.kind && object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.controller === true),
      ) as unknown as readonly Stored<M>[];
  }

  podsOnNode(nodeName: string): readonly StoredObject[] {
    return this.#podsByNode.list(nodeName);
  }

  withLabel<M extends KubeObject>(kind: KindDescriptor<M>, namespace: string, key: string, value: string): readonly Stored<M>[] {
    return (this.#table(kind)?.withLabel(namespace, key, value) ?? []) as readonly Stored<M>[];
  }

  orphansWithLabel<M extends KubeObject>(kind: KindDescriptor<M>, namespace: string, key: string, value: string): readonly Stored<M>[] {
    return (this.#table(kind)?.orphansWithLabel(namespace, key, value) ?? []) as readonly Stored<M>[];
  }

  census<M extends KubeObject>(census: CensusKind<M>, ownerUid: string): Iterable<CensusGroup> {
    return this.#table(census.kind)?.census(census as unknown as CensusKind, ownerUid) ?? [];
  }

  indexed<M extends KubeObject>(index: IndexKind<M>, key: string): readonly Stored<M>[] {
    return (this.#table(index.kind)
      ?.index(index as unknown as IndexKind)
      .list(key) ?? []) as readonly Stored<M>[];
  }

  countIndexed<M extends KubeObject>(index: IndexKind<M>, key: string): number {
    return (
      this.#table(index.kind)
        ?.index(index as unknown as IndexKind)
        .count(key) ?? 0
    );
  }

  table<T>(name: string): ReadonlyMap<string, T> {
    return this.sideTable<T>(name);
  }

  /** The writable side of a side table: for what is local to this process and need not last. */
  sideTable<T>(name: string): Map<string, T> {
    let table = this.#sideTables.get(name);
    if (table === undefined) this.#sideTables.set(name, (table = new Map()));
    return table as Map<string, T>;
  }

  /** Takes in changes of the store, in their order, and returns those that concern known kinds. */
  ingest(changes: readonly StoreChange[]): readonly ViewChange[] {
    const seen: ViewChange[] = [];
    for (const change of changes) {
      this.#revision = change.entry.revision;
      const home = this.#tables.get(change.key.slice(0, change.key.indexOf('/', change.key.indexOf('/') + 1) + 1));
      if (home === undefined) continue;
      const object = change.entry.value as StoredObject;
      // The view's own object, not the change's: from another process's store comes a copy, and indexes know objects by identity.
      const previous = change.previous === undefined ? undefined : home.table.get(object.metadata.namespace ?? '', object.metadata.name);
      const isPod = change.key.startsWith(podsPrefix);
      if (change.type === 'delete') {
        if (previous === undefined) continue;
        home.table.delete(previous);
        this.#unindex(previous, isPod);
        seen.push({ kind: home.kind, type: 'deleted', object, previous });
      } else {
        home.table.put(object, previous);
        if (previous !== undefined) this.#unindexMoved(object, previous, isPod);
        this.#index(object, isPod);
        seen.push({ kind: home.kind, type: previous === undefined ? 'added' : 'modified', object, previous });
      }
    }
    return seen;
  }

  /** All objects, as added: what a newcomer is told first. */
  everything(): readonly ViewChange[] {
    const seen: ViewChange[] = [];
    for (const { kind, table } of this.#tables.values()) {
      for (const object of table.list(undefined)) seen.push({ kind, type: 'added', object, previous: undefined });
    }
    return seen;
  }

  /** Everything up to `revision` has been taken in, though nothing of it concerned the view. */
  reached(revision: Revision): void {
    if (revision > this.#revision) this.#revision = revision;
  }

  #table(kind: KindDescriptor): ObjectTable | undefined {
    const known = this.#found.get(kind);
    if (known !== undefined) return known;
    const table = this.#tables.get(kindPrefix(kind))?.table;
    if (table !== undefined) this.#found.set(kind, table);
    return table;
  }

  #index(object: StoredObject, isPod: boolean): void {
    const { uid, ownerReferences } = object.metadata;
    this.#byUid.set(uid, object);
    if (ownerReferences !== undefined) for (const owner of ownerReferences) this.#owned.set(owner.uid, uid, object);
    if (isPod) this.#podsByNode.set(nodeNameOf(object), uid, object);
  }

  #unindexMoved(object: StoredObject, previous: StoredObject, isPod: boolean): void {
    const { uid } = previous.metadata;
    if (uid !== object.metadata.uid) this.#byUid.delete(uid);
    if (previous.metadata.ownerReferences !== object.metadata.ownerReferences) {
      for (const owner of previous.metadata.ownerReferences ?? []) this.#owned.delete(owner.uid, uid);
    }
    if (isPod && nodeNameOf(previous) !== nodeNameOf(object)) this.#podsByNode.delete(nodeNameOf(previous), uid);
  }

  #unindex(object: StoredObject, isPod: boolean): void {
    const { uid, ownerReferences } = object.metadata;
    this.#byUid.delete(uid);
    for (const owner of ownerReferences ?? []) this.#owned.delete(owner.uid, uid);
    if (isPod) this.#podsByNode.delete(nodeNameOf(object), uid);
  }
}
