import type { ListQuery, WatchEvent } from './client.ts';
import type { KindDescriptor } from './kind.ts';
import { kindPrefix } from './keys.ts';
import type { StoredObject } from './object.ts';
import { selectedBy } from './selection.ts';
import type { ViewChange } from './view.ts';

type Event = WatchEvent<StoredObject>;

/**
 * A watch as an async iterable: first what there is, as ADDED, then every change. An object that enters or leaves the selection
 * is ADDED or DELETED. Ends when the loop over it ends, its signal fires, it is disposed of, or the cluster is closed.
 */
export class WatchStream implements AsyncIterableIterator<Event>, AsyncDisposable {
  readonly #queue: Event[] = [];
  readonly #waiting: ((result: IteratorResult<Event>) => void)[] = [];
  readonly #off: () => void;
  #done = false;

  constructor(
    kind: KindDescriptor,
    query: ListQuery & { readonly signal?: AbortSignal },
    initial: readonly StoredObject[],
    onChange: (listener: (changes: readonly ViewChange[]) => void, onEnd: () => void) => () => void,
    form: (object: StoredObject) => StoredObject = (object) => object,
  ) {
    for (const object of initial) this.#queue.push({ type: 'ADDED', object });
    const selected = selectedBy(kind, query);
    const prefix = kindPrefix(kind);
    const onAbort = (): void => this.#end();
    const off = onChange((changes) => {
      for (const change of changes) {
        if (kindPrefix(change.kind) !== prefix) continue;
        const event = eventOf(change, (object) => selected(form(object)));
        if (event !== undefined) this.#push({ ...event, object: form(event.object) });
      }
    }, onAbort);
    query.signal?.addEventListener('abort', onAbort, { once: true });
    this.#off = () => {
      off();
      query.signal?.removeEventListener('abort', onAbort);
    };
    if (query.signal?.aborted) this.#end();
  }

  next(): Promise<IteratorResult<Event>> {
    const event = this.#queue.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#done) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<Event>> {
    this.#end();
    this.#queue.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #push(event: Event): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#queue.push(event);
    else waiting({ done: false, value: event });
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#off();
    for (const waiting of this.#waiting.splice(0)) waiting({ done: true, value: undefined });
  }
}

function eventOf(change: ViewChange, selected: (object: StoredObject) => boolean): Event | undefined {
  const was = change.previous !== undefined && selected(change.previous);
  if (change.type === 'deleted') return was || selected(change.object) ? { type: 'DELETED', object: change.object } : undefined;
  const is = selected(change.object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: change.object };
  return was ? { type: 'DELETED', object: change.object } : undefined;
}
