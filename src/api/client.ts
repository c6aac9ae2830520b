import type { AdmissionRequest } from './admission.ts';
import type { EventSource } from './generated/models.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, ObjectName, Stored, StoredObject } from './object.ts';
import type { PodStreams } from './streams.ts';
import type { Instant } from '../env/clock.ts';
import type { ObjectRef } from '../errors.ts';

/** Options of every verb that writes. */
export interface WriteOptions {
  /** Goes through every check and stores nothing. */
  readonly dryRun?: boolean;
  /** Unknown and duplicate fields: refused, told as warnings, or dropped. `Strict` in the typed API, `Warn` over HTTP. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
  /** Who is named in managedFields; the identity's name if absent. */
  readonly fieldManager?: string;
  /** Whether a create is accounted for in managedFields (over HTTP always); updates are wherever somebody owns fields already. */
  readonly trackFields?: boolean;
  /** Told of every warning (the API's `Warning` header). */
  readonly onWarning?: (message: string) => void;
  /** Who asks, for authorization, admission and managedFields. The host program itself if absent. */
  readonly identity?: Identity;
  /**
   * The last step of admission, of whoever passes a request on for somebody else (the HTTP server): sees the object as it would be
   * stored, and refuses by throwing an `ApiError`.
   */
  readonly admit?: (request: AdmissionRequest) => void | Promise<void>;
  /** Ends the waiting with `AbortedError`. What has begun by then may still take effect. */
  readonly signal?: AbortSignal;
}

/** Who does something: a user, a service account, or a part of the cluster. */
export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
  /** What kind of part it is; decides about fences and about what only the built-in controllers may do. */
  readonly role: 'host' | 'user' | 'controller' | 'kubelet' | 'scheduler';
  /** What it writes does not depend on who leads: Events of kubelets, and what admission writes for a user. */
  readonly unfenced?: boolean;
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface DeleteOptions extends WriteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** What a delete led to: the object is gone, or it is marked and goes later (grace period, finalizers). */
export interface DeleteResult {
  readonly gone: boolean;
  readonly object: StoredObject;
}

export type Patch =
  | { readonly type: 'json'; readonly patch: readonly object[] }
  | { readonly type: 'merge'; readonly patch: object }
  | { readonly type: 'strategic'; readonly patch: object }
  | { readonly type: 'apply'; readonly patch: object; readonly force?: boolean };

export interface ListQuery {
  /** undefined: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A change as a watch gives it. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

/** Options of everything that waits: it turns the crank meanwhile if nobody else does. */
export interface WaitOptions {
  /** Milliseconds of the cluster's clock; 60,000 unless given. `WaitTimeoutError` with the evidence afterwards. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * The verbs behind every handle: reads are from the view (synchronous, current), writes go through the registry. Errors are
 * `ApiError`s. The cluster supplies it; classes in `kinds/` use nothing else.
 */
export interface Client {
  get<M extends KubeObject>(kind: KindDescriptor<M>, at: ObjectName): Stored<M> | undefined;
  list<M extends KubeObject>(kind: KindDescriptor<M>, query?: ListQuery): readonly Stored<M>[];
  create<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options?: WriteOptions): Promise<Stored<M>>;
  /** With `metadata.resourceVersion`: only if it is the present one. */
  update<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options?: WriteOptions): Promise<Stored<M>>;
  updateStatus<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options?: WriteOptions): Promise<Stored<M>>;
  patch<M extends KubeObject>(
    kind: KindDescriptor<M>,
    at: ObjectName,
    patch: Patch,
    options?: WriteOptions & { readonly subresource?: 'status' | 'scale' },
  ): Promise<Stored<M>>;
  delete(kind: KindDescriptor, at: ObjectName, options?: DeleteOptions): Promise<DeleteResult>;
  /** Deletes a Pod as its disruption budgets allow; waits for them, within the time of `options`. */
  evict(pod: ObjectName, options?: WaitOptions & { readonly gracePeriodSeconds?: number }): Promise<void>;
  deleteCollection(kind: KindDescriptor, query: ListQuery, options?: DeleteOptions): Promise<readonly StoredObject[]>;
  watch<M extends KubeObject>(
    kind: KindDescriptor<M>,
    query?: ListQuery & { readonly signal?: AbortSignal },
  ): AsyncIterableIterator<WatchEvent<Stored<M>>> & AsyncDisposable;
  /** Waits until `check` returns something else than undefined; it is asked again after every change. `describe` supplies the evidence. */
  waitFor<T>(what: string, check: () => T | undefined, describe: () => string, options?: WaitOptions): Promise<T>;
  /** The time of the cluster's clock. */
  now(): Instant;
  /** Logs, exec and the like of Pods of this cluster, and where its Services answer. */
  readonly streams: PodStreams;
  /** Records a Kubernetes Event; repeats are counted, not multiplied. `source` is the cluster itself unless given. */
  event(regarding: ObjectRef, type: 'Normal' | 'Warning', reason: string, message: string, source?: EventSource): void;
}
