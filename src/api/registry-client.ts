import type { EventSource } from './generated/models.ts';
import { AliasForms } from './alias-forms.ts';
import type { PodStreams } from './streams.ts';
import type { Clock, Instant } from '../env/clock.ts';
import { ApiError, type ObjectRef } from '../errors.ts';
import { abortable } from './abortable.ts';
import { detached } from './detached.ts';
import type { Client, DeleteOptions, DeleteResult, ListQuery, Patch, WaitOptions, WatchEvent, WriteOptions } from './client.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, ObjectName, Stored, StoredObject } from './object.ts';
import type { Registry } from './registry.ts';
import type { View, ViewChange } from './view.ts';
import { patchRefused } from './patch-refusal.ts';
import { selectedBy } from './selection.ts';
import { WatchStream } from './watch-stream.ts';

/** What the client needs besides registry and view. */
export interface ClientParts {
  readonly registry: Registry;
  readonly view: View;
  readonly clock: Clock;
  readonly waitFor: <T>(what: string, check: () => T | undefined, describe: () => string, options?: WaitOptions) => Promise<T>;
  readonly event: Client['event'];
  readonly streams: PodStreams;
  /** One attempt to evict; 429 if a budget forbids it for now. */
  readonly evict: (pod: ObjectName, options: DeleteOptions) => Promise<DeleteResult>;
  /** Calls the listener after every change of the view; returns "off". */
  /** `onEnd`: there will be no more. */
  readonly onChange: (listener: (changes: readonly ViewChange[]) => void, onEnd: () => void) => () => void;
}

/** The verbs of the typed API over one registry and one view. Unknown fields are refused unless the caller says otherwise. */
export class RegistryClient implements Client {
  readonly streams: PodStreams;
  readonly #parts: ClientParts;
  readonly #forms = new AliasForms();

  constructor(parts: ClientParts) {
    this.#parts = parts;
    this.streams = parts.streams;
  }

  get<M extends KubeObject>(kind: KindDescriptor<M>, at: ObjectName): Stored<M> | undefined {
    const object = this.#parts.view.get(kind, at.namespace, at.name);
    return object === undefined ? undefined : this.#as(kind, object);
  }

  list<M extends KubeObject>(kind: KindDescriptor<M>, query: ListQuery = {}): readonly Stored<M>[] {
    const stored = this.#parts.view.list(kind, { namespace: query.namespace });
    const all = kind.storedAs === undefined ? stored : stored.map((object) => this.#as(kind, object));
    if (query.labelSelector === undefined && query.fieldSelector === undefined) return all;
    const selected = selectedBy(kind as KindDescriptor, query);
    return all.filter((object) => selected(object as unknown as StoredObject));
  }

  create<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options: WriteOptions = {}): Promise<Stored<M>> {
    return this.#written(kind, 'create', options, (strict) =>
      this.#parts.registry.create(kind as KindDescriptor, kept(manifest, options), strict),
    );
  }

  update<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options: WriteOptions = {}): Promise<Stored<M>> {
    return this.#written(kind, 'update', options, (strict) =>
      this.#parts.registry.update(kind as KindDescriptor, kept(manifest, options), strict),
    );
  }

  updateStatus<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options: WriteOptions = {}): Promise<Stored<M>> {
    return this.#written(kind, 'update', options, (strict) =>
      this.#parts.registry.updateStatus(kind as KindDescriptor, kept(manifest, options), strict),
    );
  }

  patch<M extends KubeObject>(
    kind: KindDescriptor<M>,
    at: ObjectName,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: 'status' | 'scale' } = {},
  ): Promise<Stored<M>> {
    return this.#written(kind, 'patch', options, (strict) =>
      this.#parts.registry.patch(kind as KindDescriptor, at, detached(patch), strict).catch((error: unknown) => {
        throw patchRefused(kind as KindDescriptor, at, error);
      }),
    );
  }

  delete(kind: KindDescriptor, at: ObjectName, options: DeleteOptions = {}): Promise<DeleteResult> {
    return abortable(`delete of a ${kind.kind}`, options.signal, () =>
      this.#parts.registry.delete(kind, at, withBackground(kind, options)),
    );
  }

  async evict(pod: ObjectName, options: WaitOptions & { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    const { gracePeriodSeconds, timeoutMs = 60_000, ...wait } = options;
    const until = this.#parts.clock.now() + timeoutMs;
    const deletion = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
    for (;;) {
      try {
        await this.#parts.evict(pod, deletion);
        return;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 404) return;
        if (error.status !== 429 && error.status !== 409) throw error;
        const { revision } = this.#parts.view;
        const about = `pod ${pod.namespace}/${pod.name}`;
        await this.waitFor(
          `${about} to be evictable`,
          () => (this.#parts.view.revision > revision ? true : undefined),
          () => [error.message, ...(error.details?.causes ?? []).map((cause) => cause.message)].join('\n'),
          { ...wait, timeoutMs: Math.max(0, until - this.#parts.clock.now()) },
        );
      }
    }
  }

  deleteCollection(kind: KindDescriptor, query: ListQuery, options: DeleteOptions = {}): Promise<readonly StoredObject[]> {
    return abortable(`delete of ${kind.plural}`, options.signal, () =>
      this.#parts.registry.deleteCollection(kind, this.list(kind, query) as readonly StoredObject[], withBackground(kind, options)),
    );
  }

  watch<M extends KubeObject>(
    kind: KindDescriptor<M>,
    query: ListQuery & { readonly signal?: AbortSignal } = {},
  ): AsyncIterableIterator<WatchEvent<Stored<M>>> & AsyncDisposable {
    const initial = this.list(kind, query) as unknown as readonly StoredObject[];
    const form = (object: StoredObject): StoredObject => this.#forms.as(kind as KindDescriptor, object);
    return new WatchStream(kind as KindDescriptor, query, initial, this.#parts.onChange, form) as unknown as AsyncIterableIterator<
      WatchEvent<Stored<M>>
    > &
      AsyncDisposable;
  }

  waitFor<T>(what: string, check: () => T | undefined, describe: () => string, options?: WaitOptions): Promise<T> {
    return this.#parts.waitFor(what, check, describe, options);
  }

  now(): Instant {
    return this.#parts.clock.now();
  }

  event(regarding: ObjectRef, type: 'Normal' | 'Warning', reason: string, message: string, source?: EventSource): void {
    this.#parts.event(regarding, type, reason, message, source);
  }

  /** What is stored, as the kind shows it: kinds that are second names convert. */
  #as<M extends KubeObject>(kind: KindDescriptor<M>, stored: unknown): Stored<M> {
    return this.#forms.as(kind as KindDescriptor, stored as StoredObject) as unknown as Stored<M>;
  }

  #written<M extends KubeObject, O extends WriteOptions>(
    kind: KindDescriptor<M>,
    verb: string,
    options: O,
    write: (strict: O) => Promise<StoredObject>,
  ): Promise<Stored<M>> {
    const written = abortable(`${verb} of a ${kind.kind}`, options.signal, () => write(strict(options)));
    if (kind.storedAs === undefined) return written as unknown as Promise<Stored<M>>;
    return written.then((object) => this.#as(kind, object));
  }
}

/** As kubectl: what belongs to an object goes with it, also where the API's own default for old clients is to leave it behind. */
function withBackground(kind: KindDescriptor, options: DeleteOptions): DeleteOptions {
  return kind.orphansByDefault === true ? { propagationPolicy: 'Background', ...options } : options;
}

function strict<O extends WriteOptions>(options: O): O {
  return options.fieldValidation === undefined ? { ...options, fieldValidation: 'Strict' } : options;
}

/** What may be frozen and kept: a manifest of the cluster's own kubelets, which never touch one again, or a copy. */
function kept<M extends KubeObject>(manifest: M, { identity }: WriteOptions): M {
  return identity?.role === 'kubelet' ? manifest : detached(manifest);
}
