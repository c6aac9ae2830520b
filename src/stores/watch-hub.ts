import { StoreError } from '../errors.ts';
import type { Revision, StoreChange, StoreWatch, WatchOptions } from './store.ts';

interface Watcher {
  readonly options: WatchOptions;
  /** Everything up to here has been delivered, or was not asked for. */
  seen: Revision;
  /** What waits for the first delivery; undefined once the watcher is live. */
  waiting: StoreChange[] | undefined;
  closed: boolean;
}

/** All watchers of one prefix. The array is replaced, never changed, so that a delivery under way is not disturbed. */
interface Group {
  readonly prefix: string;
  watchers: readonly Watcher[];
  batch: StoreChange[] | undefined;
}

/** Delivers changes to those who watch, found by the length of their prefix so that thousands of watches stay cheap. */
export class WatchHub {
  readonly #byLength = new Map<number, Map<string, Group>>();
  #lengths: readonly (readonly [number, Map<string, Group>])[] = [];
  #withProgress: readonly Watcher[] = [];
  #delivering = false;

  /** True while callbacks run: a write is refused then. */
  get delivering(): boolean {
    return this.#delivering;
  }

  /** Adds a watch that is live after `head`; `replay` is what it asked for from before, delivered in a microtask. */
  add(options: WatchOptions, head: Revision, replay: StoreChange[]): StoreWatch {
    const watcher: Watcher = { options, seen: Math.max(head, options.after), waiting: undefined, closed: false };
    const group = this.#group(options.prefix);
    group.watchers = [...group.watchers, watcher];
    if (options.onProgress !== undefined) this.#withProgress = [...this.#withProgress, watcher];
    if (replay.length > 0) {
      watcher.waiting = replay;
      queueMicrotask(() => this.#deliverWaiting(watcher));
    }
    return { close: () => this.#remove(watcher) };
  }

  /** Tells every watcher what concerns it. `changes` are in order; `head` is the revision of the last. */
  deliver(changes: readonly StoreChange[], head: Revision): void {
    const dirty: Group[] = [];
    for (const change of changes) {
      for (const [length, groups] of this.#lengths) {
        const group = groups.get(change.key.slice(0, length));
        if (group === undefined) continue;
        if (group.batch === undefined) {
          group.batch = [];
          dirty.push(group);
        }
        group.batch.push(change);
      }
    }
    this.#delivering = true;
    for (const group of dirty) {
      const batch = group.batch!;
      group.batch = undefined;
      for (const watcher of group.watchers) this.#offer(watcher, batch);
    }
    for (const watcher of this.#withProgress) this.#progress(watcher, head);
    this.#delivering = false;
  }

  /** Ends all watches without a word. */
  close(): void {
    for (const [, groups] of this.#lengths) {
      for (const group of groups.values()) for (const watcher of group.watchers) watcher.closed = true;
    }
    this.#byLength.clear();
    this.#lengths = [];
    this.#withProgress = [];
  }

  #offer(watcher: Watcher, batch: readonly StoreChange[]): void {
    const fresh = batch[0]!.entry.revision > watcher.seen ? batch : batch.filter((change) => change.entry.revision > watcher.seen);
    const last = fresh.at(-1);
    if (last === undefined || watcher.closed) return;
    watcher.seen = last.entry.revision;
    if (watcher.waiting !== undefined) watcher.waiting.push(...fresh);
    else this.#call(watcher, () => watcher.options.onChanges(fresh));
  }

  #progress(watcher: Watcher, head: Revision): void {
    if (watcher.closed || watcher.seen >= head || watcher.waiting !== undefined) return;
    watcher.seen = head;
    this.#call(watcher, () => watcher.options.onProgress?.(head));
  }

  #deliverWaiting(watcher: Watcher): void {
    const changes = watcher.waiting;
    watcher.waiting = undefined;
    if (changes === undefined || watcher.closed) return;
    this.#delivering = true;
    this.#call(watcher, () => watcher.options.onChanges(changes));
    this.#delivering = false;
  }

  /** A callback that throws ends its own watch and disturbs no other. */
  #call(watcher: Watcher, callback: () => void): void {
    try {
      callback();
    } catch (cause) {
      this.#remove(watcher);
      watcher.options.onError(
        new StoreError('STORE_WATCHER_FAILED', `the callback of the watch on '${watcher.options.prefix}' threw`, { cause }),
      );
    }
  }

  #group(prefix: string): Group {
    let groups = this.#byLength.get(prefix.length);
    if (groups === undefined) {
      groups = new Map();
      this.#byLength.set(prefix.length, groups);
      this.#lengths = [...this.#byLength];
    }
    let group = groups.get(prefix);
    if (group === undefined) {
      group = { prefix, watchers: [], batch: undefined };
      groups.set(prefix, group);
    }
    return group;
  }

  #remove(watcher: Watcher): void {
    if (watcher.closed) return;
    watcher.closed = true;
    watcher.waiting = undefined;
    this.#withProgress = this.#withProgress.filter((one) => one !== watcher);
    const prefix = watcher.options.prefix;
    const group = this.#group(prefix);
    group.watchers = group.watchers.filter((one) => one !== watcher);
    if (group.watchers.length > 0) return;
    const groups = this.#byLength.get(prefix.length)!;
    groups.delete(prefix);
    if (groups.size > 0) return;
    this.#byLength.delete(prefix.length);
    this.#lengths = [...this.#byLength];
  }
}
