import type { Revision } from '../stores/store.ts';
import type { CensusGroup, CensusKind } from './census.ts';
import type { IndexKind } from './derived-index.ts';
import type { KindDescriptor } from './kind.ts';
import type { LabelSelector } from './generated/models.ts';
import type { KubeObject, Stored, StoredObject } from './object.ts';

/** What `list` picks. All given conditions must hold. */
export interface ViewQuery {
  readonly namespace?: string | undefined;
  /** A selector object, or selector text (`app=web,tier!=db`). */
  readonly labels?: LabelSelector | string;
}

/**
 * The indexed picture of the store that controllers, scheduler and kubelets read: synchronous, copies nothing, and does not
 * change while one of them computes. All objects are frozen and the same ones for every reader.
 */
export interface ViewReader {
  /** Everything up to this revision is in the picture. */
  readonly revision: Revision;
  /** One object, or undefined. `namespace` is undefined for kinds without namespaces. */
  get<M extends KubeObject>(kind: KindDescriptor<M>, namespace: string | undefined, name: string): Stored<M> | undefined;
  /** All objects of a kind, in no particular but deterministic order (that of their creation in the view). */
  list<M extends KubeObject>(kind: KindDescriptor<M>, query?: ViewQuery): readonly Stored<M>[];
  /** How many objects of a kind there are. */
  count(kind: KindDescriptor): number;
  /** The object with this uid, of whatever kind. */
  byUid(uid: string): StoredObject | undefined;
  /** Objects that name `uid` among their owner references (controller or not). */
  ownedBy(uid: string): readonly StoredObject[];
  /** Objects of one kind whose controlling owner reference is `uid`. */
  controlledBy<M extends KubeObject>(kind: KindDescriptor<M>, uid: string): readonly Stored<M>[];
  /** Pods bound to a node (`spec.nodeName`); '' for those bound to none. Terminated ones included. */
  podsOnNode(nodeName: string): readonly StoredObject[];
  /** Objects of a kind in one namespace that carry the label `key=value`. */
  withLabel<M extends KubeObject>(kind: KindDescriptor<M>, namespace: string, key: string, value: string): readonly Stored<M>[];
  /** Those of `withLabel` that nobody controls: what an owner could adopt. */
  orphansWithLabel<M extends KubeObject>(kind: KindDescriptor<M>, namespace: string, key: string, value: string): readonly Stored<M>[];
  /** How many objects an owner controls, by labels and class, without a look at each. A group of the past may have none left. */
  census<M extends KubeObject>(census: CensusKind<M>, ownerUid: string): Iterable<CensusGroup>;
  /** The objects that an index of the caller's has under a key. */
  indexed<M extends KubeObject>(index: IndexKind<M>, key: string): readonly Stored<M>[];
  /** How many `indexed` would list, without making the list. */
  countIndexed<M extends KubeObject>(index: IndexKind<M>, key: string): number;
  /** A side table of this process (metric samples, "drained" marks): not stored, gone with the process. */
  table<T>(name: string): ReadonlyMap<string, T>;
}
