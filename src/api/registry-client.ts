import type { EventSource } from './generated/models.ts';
import { AliasForms } from './alias-forms.ts';
import type { PodStreams } from './streams.ts';
import type { Clock, Instant } from '../env/clock.ts';
import { ApiError, type ObjectRef } from '../errors.ts';
import type { Client, DeleteOptions, DeleteResult, ListQuery, Patch, WaitOptions, WatchEvent, WriteOptions } from './client.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, ObjectName, Stored, StoredObject } from './object.ts';
import type { Registry } from './registry.ts';
import type { View, ViewChange } from './view.ts';
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
  readonly onChange: (listener: (changes: readonly ViewChange[]) => void) => () => void;
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
    return this.#formed(kind, this.#parts.registry.create(kind as KindDescriptor, manifest, strict(options)));
  }

  update<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options: WriteOptions = {}): Promise<Stored<M>> {
    return this.#formed(kind, this.#parts.registry.update(kind as KindDescriptor, manifest, strict(options)));
  }

  updateStatus<M extends KubeObject>(kind: KindDescriptor<M>, manifest: M, options: WriteOptions = {}): Promise<Stored<M>> {
    return this.#formed(kind, this.#parts.registry.updateStatus(kind as KindDescriptor, manifest, strict(options)));
  }

  patch<M extends KubeObject>(
    kind: KindDescriptor<M>,
    at: ObjectName,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: 'status' | 'scale' } = {},
  ): Promise<Stored<M>> {
    return this.#formed(kind, this.#parts.registry.patch(kind as KindDescriptor, at, patch, strict(options)));
  }

  delete(kind: KindDescriptor, at: ObjectName, options: DeleteOptions = {}): Promise<DeleteResult> {
    return this.#parts.registry.delete(kind, at, withBackground(kind, options));
  }

  async evict(pod: ObjectName, options: WaitOptions & { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    const { gracePeriodSeconds, ...wait } = options;
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
          () => error.message,
          wait,
        );
      }
    }
  }

  deleteCollection(kind: KindDescriptor, query: ListQuery, options: DeleteOptions = {}): Promise<readonly StoredObject[]> {
    return this.#parts.registry.deleteCollection(kind, this.list(kind, query) as readonly StoredObject[], withBackground(kind, options));
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

  async #formed<M extends KubeObject>(kind: KindDescriptor<M>, written: Promise<StoredObject>): Promise<Stored<M>> {
    return this.#as(kind, await written);
  }
}

/** As kubectl: what belongs to an object goes with it, also where the API's own default for old clients is to leave it behind. */
function withBackground(kind: KindDescriptor, options: DeleteOptions): DeleteOptions {
  return kind.orphansByDefault === true ? { propagationPolicy: 'Background', ...options } : options;
}

function strict<O extends WriteOptions>(options: O): O {
  return options.fieldValidation === undefined ? { ...options, fieldValidation: 'Strict' } : options;
}
