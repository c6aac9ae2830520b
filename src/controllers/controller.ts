import type { Instant } from '../env/clock.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { ObjectRef } from '../errors.ts';
import type { KubeObject, StoredObject } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';

/** One write a controller wants. Every write has its precondition; the loop applies them in order through the registry. */
export type PlannedWrite =
  /** The name follows from the owner's uid, the slot and the attempt: a repeat meets AlreadyExists, which the loop counts as done. */
  | { readonly verb: 'create'; readonly kind: KindDescriptor; readonly object: KubeObject; readonly told?: WriteEvents }
  /** `object.metadata.resourceVersion` (and uid) must be those that were read. */
  | {
      readonly verb: 'update';
      readonly kind: KindDescriptor;
      readonly object: KubeObject;
      readonly subresource?: 'finalize';
      readonly told?: WriteEvents;
    }
  | { readonly verb: 'update-status'; readonly kind: KindDescriptor; readonly object: KubeObject }
  | { readonly verb: 'bind'; readonly pod: StoredObject; readonly nodeName: string }
  /** Evicts through the eviction subresource: refused (429) if a PodDisruptionBudget forbids it. */
  | { readonly verb: 'evict'; readonly pod: StoredObject }
  | {
      readonly verb: 'delete';
      readonly kind: KindDescriptor;
      readonly object: StoredObject;
      /** Seconds; the object's own if absent. */
      readonly gracePeriodSeconds?: number;
      readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
      readonly told?: WriteEvents;
      /** True if the resourceVersion that was read must still be the present one, besides the uid. */
      readonly unchanged?: boolean;
    };

/** Events that depend on how a write ends: `message` follows "Created pod: " and the like; a failure adds ": " and the error. */
export interface WriteEvents {
  readonly regarding: ObjectRef;
  readonly success?: { readonly reason: string; readonly message: string };
  readonly failure?: { readonly reason: string; readonly message: string };
}

/**
 * How a controller's last writes for a key failed, in the side table `write-failures` of the view under `<controller>/<key>`.
 * Gone as soon as all writes of a reconcile succeed.
 */
export interface WriteFailure {
  readonly verb: PlannedWrite['verb'];
  /** Kubernetes' reason (`Forbidden`, `Invalid`, ...), or the error's code. */
  readonly reason: string;
  readonly message: string;
}

/** A Kubernetes Event to be recorded; repeats are counted, not multiplied. */
export interface PlannedEvent {
  readonly regarding: ObjectRef;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/**
 * What a controller wants to find again in a side table of the view: gone with the process, so nothing may depend on it that must be
 * right (an autoscaler's recent wishes). `undefined` removes it.
 */
export interface PlannedNote {
  readonly table: string;
  readonly key: string;
  readonly value: unknown;
}

/** What a controller wants done for one key: data, not deeds. */
export interface Plan {
  readonly writes: readonly PlannedWrite[];
  readonly events?: readonly PlannedEvent[];
  readonly notes?: readonly PlannedNote[];
  /** Look at the key again after so many milliseconds, whatever happens. */
  readonly requeueAfterMs?: number;
}

/** Nothing to do. */
export type EmptyPlan = Plan & { readonly writes: readonly [] };

/** One change of an object as triggers see it. */
export interface ObjectChange {
  readonly type: 'added' | 'modified' | 'deleted';
  /** After the change; for a delete the last state. */
  readonly object: StoredObject;
  /** Before the change; undefined for `added`. */
  readonly previous: StoredObject | undefined;
}

/** Which keys a change of one kind makes dirty. */
export interface Trigger {
  /** `any`: every kind, those that are added later too. */
  readonly kind: KindDescriptor | 'any';
  /** Pure; may look things up. The keys are opaque to the loop (`namespace/name` by custom, '' for "the whole cluster"). */
  readonly keys: (change: ObjectChange, view: ViewReader) => Iterable<string>;
}

/**
 * A control loop: level-triggered, pure and synchronous. It is never told which event happened, may be called for any key at
 * any time, any number of times, and must come to the same end state whatever happened between two calls (a crash between any
 * two writes included). It keeps no state between calls: what it must remember is in the objects (or in a side table of the
 * view). It must not throw because of one bad object: it says so in an Event.
 */
export interface Controller {
  /** In kebab-case: `replication-manager`. Shown in reports and in the managers of managedFields. */
  readonly name: string;
  /** Who its Events come from, as Kubernetes calls it (`deployment-controller`); its name unless given. */
  readonly component?: string;
  readonly triggers: readonly Trigger[];
  /** Keys to look at when the loop starts and every `resyncMs` (if given), besides those the triggers name. */
  readonly initialKeys?: (view: ViewReader) => Iterable<string>;
  readonly resyncMs?: number;
  reconcile(view: ViewReader, key: string, now: Instant): Plan;
}
