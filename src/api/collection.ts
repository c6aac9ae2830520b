import type { Client, ListQuery, WatchEvent, WriteOptions } from './client.ts';
import type { Handle, HandleClass } from './handle.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, Stored } from './object.ts';

/** A watch of handles. */
export type HandleWatch<H> = AsyncIterableIterator<{ readonly type: WatchEvent<unknown>['type']; readonly object: H }> & AsyncDisposable;

/** All objects of one kind, as handles: `cluster.pods`, `cluster.services`. `namespace` is `default` for single objects unless given. */
export class Collection<M extends KubeObject, H extends Handle<M>> {
  readonly #kind: KindDescriptor<M>;
  readonly #handle: HandleClass<M, H>;
  readonly #client: Client;

  constructor(kind: KindDescriptor<M>, handle: HandleClass<M, H>, client: Client) {
    this.#kind = kind;
    this.#handle = handle;
    this.#client = client;
  }

  /** The object with this name, or undefined. */
  get(name: string, options: { readonly namespace?: string } = {}): H | undefined {
    const namespace = this.#kind.namespaced ? (options.namespace ?? 'default') : undefined;
    const object = this.#client.get(this.#kind, { namespace, name });
    return object === undefined ? undefined : this.#bound(object);
  }

  /** Of all namespaces unless one is named. Selectors are texts, as kubectl takes them. */
  list(query: ListQuery = {}): readonly H[] {
    return this.#client.list(this.#kind, query).map((object) => this.#bound(object));
  }

  /** Creates an object; an unknown field, or a value that is not allowed, is an error that names it. */
  async create(manifest: M, options: WriteOptions = {}): Promise<H> {
    return this.#bound(await this.#client.create(this.#kind, manifest, options));
  }

  /**
   * What there is, as ADDED, then every change. Ends when the loop over it ends, the signal fires, or the cluster is closed. It only
   * looks: unlike `waitFor` it turns no crank, so that somebody must (`cluster.run`, a wait).
   */
  watch(query: ListQuery & { readonly signal?: AbortSignal } = {}): HandleWatch<H> {
    const watch = this.#client.watch(this.#kind, query);
    const next = async (): Promise<IteratorResult<{ type: WatchEvent<unknown>['type']; object: H }>> => {
      const result = await watch.next();
      if (result.done === true) return { done: true, value: undefined };
      return { done: false, value: { type: result.value.type, object: this.#bound(result.value.object) } };
    };
    const end = async (): Promise<IteratorResult<{ type: WatchEvent<unknown>['type']; object: H }>> => {
      await watch[Symbol.asyncDispose]();
      return { done: true, value: undefined };
    };
    const handles: HandleWatch<H> = {
      next,
      return: end,
      [Symbol.asyncIterator]: () => handles,
      [Symbol.asyncDispose]: async () => {
        await end();
      },
    };
    return handles;
  }

  #bound(object: Stored<M>): H {
    return new this.#handle(object as unknown as M, this.#client).bind(this.#client, object);
  }
}
