import type { KindDescriptor } from './kind.ts';
import type { KubeObject, Stored, StoredObject } from './object.ts';

/** How the objects that one owner controls are counted. Make it once: the view keeps its counts under this very object. */
export interface CensusKind<M extends KubeObject = KubeObject> {
  readonly kind: KindDescriptor<M>;
  /** How many classes there are. */
  readonly classes: number;
  /** The class of an object, from 0; -1 if it does not count. Pure, and of the object alone: it is asked once for each change. */
  readonly classOf: (object: Stored<M>) => number;
}

/** The objects of one owner that share their labels: all Pods of a template do. */
export interface CensusGroup {
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** How many there are, by class. */
  readonly counts: readonly number[];
}

interface Group extends CensusGroup {
  readonly counts: number[];
  total: number;
}

const none: readonly CensusGroup[] = Object.freeze([]);

const controllerUid = (object: StoredObject): string | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)?.uid;

/** Counts by owner, labels and class, brought up to date with every change, so that nobody counts ten thousand objects again. */
export class Census {
  readonly #kind: CensusKind;
  readonly #byOwner = new Map<string, Map<CensusGroup['labels'], Group>>();

  constructor(kind: CensusKind) {
    this.#kind = kind;
  }

  groupsOf(ownerUid: string): Iterable<CensusGroup> {
    return this.#byOwner.get(ownerUid)?.values() ?? none;
  }

  /** An object was added (`previous` undefined), changed, or deleted (`object` undefined). */
  note(object: StoredObject | undefined, previous: StoredObject | undefined): void {
    const oldClass = previous === undefined ? -1 : this.#kind.classOf(previous);
    const newClass = object === undefined ? -1 : this.#kind.classOf(object);
    if (oldClass === newClass && object !== undefined && previous !== undefined) {
      const { labels, ownerReferences } = object.metadata;
      if (labels === previous.metadata.labels && ownerReferences === previous.metadata.ownerReferences) return;
    }
    if (oldClass >= 0) this.#add(previous!, oldClass, -1);
    if (newClass >= 0) this.#add(object!, newClass, 1);
  }

  #add(object: StoredObject, classNumber: number, by: 1 | -1): void {
    const uid = controllerUid(object);
    if (uid === undefined) return;
    const { labels } = object.metadata;
    let groups = this.#byOwner.get(uid);
    if (groups === undefined) this.#byOwner.set(uid, (groups = new Map()));
    let group = groups.get(labels);
    if (group === undefined) groups.set(labels, (group = { labels, counts: new Array<number>(this.#kind.classes).fill(0), total: 0 }));
    group.counts[classNumber]! += by;
    group.total += by;
    if (group.total > 0) return;
    groups.delete(labels);
    if (groups.size === 0) this.#byOwner.delete(uid);
  }
}
