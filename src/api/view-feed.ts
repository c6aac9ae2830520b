import type { Clock, Timer } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import { ClosedError } from '../errors.ts';
import type { Revision, Store, StoreChange, StoreEntry, StoreList, StoreWatch } from '../stores/store.ts';
import { objectKey } from './keys.ts';
import type { StoredObject } from './object.ts';
import type { View } from './view.ts';

export interface ViewFeedParts {
  readonly store: Store;
  readonly view: View;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes in changes, in order. The view has them when it returns. */
  readonly take: (changes: readonly StoreChange[]) => void;
}

/** After a watch that ended, the store is asked anew; if that fails, again after so long. */
const repeatMs = 1000;

/**
 * Keeps the view at the store's head: reads everything, then follows. A watch that lost its place (the store has forgotten what it
 * missed) is begun anew, and what changed meanwhile is told as changes: nobody who follows the view notices.
 */
export class ViewFeed {
  readonly #parts: ViewFeedParts;
  readonly #waiting = new Set<() => void>();
  #watch: StoreWatch | undefined;
  #repeat: Timer | undefined;
  #following = false;
  #closed = false;

  constructor(parts: ViewFeedParts) {
    this.#parts = parts;
  }

  /** False while the view may be behind without knowing it. */
  get following(): boolean {
    return this.#following;
  }

  /** Reads what is there and begins to follow. Rejects with what the store says. */
  async open(): Promise<void> {
    const { store, take } = this.#parts;
    const list = await store.list('');
    const inOrder = [...list.entries].sort((a, b) => a.createRevision - b.createRevision);
    take(inOrder.map((entry) => ({ type: 'put', key: entry.key, entry, previous: undefined })));
    this.#follow(list.revision);
  }

  /** True once the view has come to `revision`; false if it has not within `withinMs`, or the feed was closed. */
  async caughtUp(revision: Revision, withinMs = 1000): Promise<boolean> {
    const { view, clock } = this.#parts;
    const deadline = clock.now() + withinMs;
    while (view.revision < revision) {
      if (this.#closed || clock.now() >= deadline) return false;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          timer.cancel();
          this.#waiting.delete(wake);
          resolve();
        };
        const timer = clock.schedule(deadline, wake);
        this.#waiting.add(wake);
      });
    }
    return true;
  }

  close(): void {
    this.#closed = true;
    this.#following = false;
    this.#repeat?.cancel();
    this.#watch?.close();
    this.#tell();
  }

  #follow(after: Revision): void {
    const { store, view, take } = this.#parts;
    view.reached(after);
    this.#following = true;
    this.#watch = store.watch({
      prefix: '',
      after,
      onChanges: (changes) => {
        take(changes);
        this.#tell();
      },
      onProgress: (reached) => {
        view.reached(reached);
        this.#tell();
      },
      onError: (error) => {
        this.#following = false;
        if (this.#closed || error instanceof ClosedError) return;
        this.#parts.logger.warn({ error: error.message }, 'the watch of the store ended: everything is read anew');
        void this.#again();
      },
    });
    this.#tell();
  }

  async #again(): Promise<void> {
    const { store, clock, logger, take } = this.#parts;
    try {
      const list = await store.list('');
      if (this.#closed) return;
      const missed = this.#missed(list);
      if (missed.length > 0) take(missed);
      this.#follow(list.revision);
    } catch (error) {
      if (this.#closed) return;
      logger.warn({ error: (error as Error).message }, 'the store could not be read anew: it is asked again');
      this.#repeat = clock.schedule(clock.now() + repeatMs, () => void this.#again());
    }
  }

  /** What the view does not know yet, as changes. */
  #missed({ entries, revision }: StoreList): readonly StoreChange[] {
    const known = new Map<string, StoredObject>();
    for (const { kind, object } of this.#parts.view.everything())
      known.set(objectKey(kind, object.metadata.namespace, object.metadata.name), object);
    const puts: StoreChange[] = [];
    const deletes: StoreChange[] = [];
    for (const entry of entries) {
      const object = known.get(entry.key);
      known.delete(entry.key);
      const before = object && entryOf(entry.key, object, entry.createRevision);
      if (before?.revision === entry.revision) continue;
      // Another object under the same name: the old one went first.
      const replaced = object !== undefined && object.metadata.uid !== (entry.value as Partial<StoredObject>).metadata?.uid;
      if (replaced) deletes.push({ type: 'delete', key: entry.key, entry: before!, previous: before });
      puts.push({ type: 'put', key: entry.key, entry, previous: replaced ? undefined : before });
    }
    for (const [key, object] of known) {
      const before = entryOf(key, object, 0);
      deletes.push({ type: 'delete', key, entry: { ...before, revision }, previous: before });
    }
    return [...deletes, ...puts.sort((a, b) => a.entry.revision - b.entry.revision)];
  }

  #tell(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

const entryOf = (key: string, object: StoredObject, createRevision: Revision): StoreEntry => ({
  key,
  value: object,
  revision: Number(object.metadata.resourceVersion),
  createRevision,
});
