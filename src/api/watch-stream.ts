import { ExpiredError } from '../errors.ts';
import type { ListQuery, WatchEvent } from './client.ts';
import type { KindDescriptor } from './kind.ts';
import { kindPrefix } from './keys.ts';
import type { StoredObject } from './object.ts';
import { selectedBy } from './selection.ts';
import type { ViewChange } from './view.ts';

type Event = WatchEvent<StoredObject>;

/** Changes that may wait for a reader, besides the objects that were there at the beginning: about 100 MB of references and objects held. */
const unreadMax = 100_000;

interface Waiting {
  readonly resolve: (result: IteratorResult<Event>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A watch as an async iterable: first what there is, as ADDED, then every change. An object that enters or leaves the selection
 * is ADDED or DELETED. Ends when the loop over it ends, its signal fires, it is disposed of, or the cluster is closed. A reader that
 * falls 100,000 changes behind is given an `ExpiredError` in place of the rest, as the API server ends a watch that is too slow.
 */
export class WatchStream implements AsyncIterableIterator<Event>, AsyncDisposable {
  /** Changes nobody has read yet; read from `#next` on, since taking from the front of a long array moves the rest. */
  #queue: Event[] = [];
  #next = 0;
  readonly #waiting: Waiting[] = [];
  readonly #unreadMax: number;
  #fellBehind: ExpiredError | undefined;
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
    this.#unreadMax = unreadMax + initial.length;
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
    const event = this.#take();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    const error = this.#fellBehind;
    this.#fellBehind = undefined;
    if (error !== undefined) return Promise.reject(error);
    if (this.#done) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<Event>> {
    this.#end();
    this.#queue = [];
    this.#next = 0;
    this.#fellBehind = undefined;
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
    if (waiting !== undefined) return waiting.resolve({ done: false, value: event });
    if (this.#queue.length - this.#next < this.#unreadMax) return void this.#queue.push(event);
    const { kind, metadata } = event.object;
    this.#fellBehind = new ExpiredError(
      `this watch is too old: its reader is ${this.#unreadMax} changes behind (the next is ${kind} ${metadata.name}); list again, and read faster or end it`,
    );
    this.#end();
  }

  #take(): Event | undefined {
    const event = this.#queue[this.#next];
    if (event === undefined) return undefined;
    this.#next++;
    if (this.#next === this.#queue.length) {
      this.#queue = [];
      this.#next = 0;
    }
    return event;
  }

  #end(): void {
    if (this.#done) return;
    this.#done = true;
    this.#off();
    for (const waiting of this.#waiting.splice(0)) waiting.resolve({ done: true, value: undefined });
  }
}

function eventOf(change: ViewChange, selected: (object: StoredObject) => boolean): Event | undefined {
  const was = change.previous !== undefined && selected(change.previous);
  if (change.type === 'deleted') return was || selected(change.object) ? { type: 'DELETED', object: change.object } : undefined;
  const is = selected(change.object);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object: change.object };
  return was ? { type: 'DELETED', object: change.object } : undefined;
}
