import type { PodManifest } from '../api/generated/models.ts';
import type { Stored, StoredObject } from '../api/object.ts';
import type { PodGroup } from './pod-group.ts';
import type { PodShape } from './pod-shape.ts';

/** A pod as it is stored. */
export type StoredPod = Stored<PodManifest>;

/** A pod as the scheduler sees it: the object, and what it shares with others of its shape. Immutable. */
export class PodInfo {
  readonly object: StoredPod;
  /** What node by node decisions look at. */
  readonly shape: PodShape;
  /** What decisions about pods among each other look at. */
  readonly group: PodGroup;
  readonly #volumesId: number;

  constructor(object: StoredPod, shape: PodShape, group: PodGroup, volumesId: number) {
    this.object = object;
    this.shape = shape;
    this.group = group;
    this.#volumesId = volumesId;
  }

  // What follows from the others is not kept: there is one of these for every pod.

  get uid(): string {
    return this.object.metadata.uid;
  }

  get name(): string {
    return this.object.metadata.name;
  }

  get namespace(): string {
    return this.object.metadata.namespace ?? '';
  }

  get labels(): Readonly<Record<string, string>> {
    return this.group.labels;
  }

  get priority(): number {
    return this.object.spec?.priority ?? 0;
  }

  /** Equal for pods that differ in nothing a built-in plugin looks at, but their names, owners, ages and priorities. */
  get groupKey(): string {
    return `${this.shape.id}/${this.group.id}/${this.#volumesId}`;
  }

  /** `namespace/name`. */
  get key(): string {
    return `${this.namespace}/${this.name}`;
  }
}

/** The same object with the types of a pod: whoever hands in something else is told nothing useful, but nothing breaks. */
export const asPod = (object: StoredObject): StoredPod => object as StoredPod;

/** True once a pod holds nothing any more. */
export function isTerminal(pod: StoredPod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
