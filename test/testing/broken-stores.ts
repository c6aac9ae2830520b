import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { ListOptions, Store, StoreChange, StoreEntry, StoreList, WatchOptions, WriteOp, WriteResult } from '../../src/stores/store.ts';

/** What a planted bug puts in place of the methods of a store that works. */
type Bug = (inner: Store) => Partial<Store>;

/** A store that works but for `bug`. */
export function broken(bug: Bug): Store {
  const inner = new MemoryStore();
  return {
    name: 'broken',
    durable: false,
    shared: false,
    open: (options) => inner.open(options),
    write: (ops) => inner.write(ops),
    get: (key) => inner.get(key),
    list: (prefix, options) => inner.list(prefix, options),
    head: () => inner.head(),
    watch: (options) => inner.watch(options),
    compact: (revision) => inner.compact(revision),
    close: () => inner.close(),
    ...bug(inner),
  };
}

const onWatch =
  (change: (options: WatchOptions) => WatchOptions): Bug =>
  (inner) => ({ watch: (options) => inner.watch(change(options)) });

/** Changes what a watch tells of changes. */
const onChanges = (change: (changes: readonly StoreChange[], say: (changes: readonly StoreChange[]) => void) => void): Bug =>
  onWatch((options) => ({ ...options, onChanges: (changes) => change(changes, options.onChanges) }));

const onOps =
  (change: (op: WriteOp, inner: Store) => Promise<WriteOp> | WriteOp): Bug =>
  (inner) => ({
    write: async (ops) => {
      const results: WriteResult[] = [];
      for (const op of ops) results.push(...(await inner.write([await change(op, inner)])));
      return results;
    },
  });

const onResults =
  (change: (result: WriteResult, op: WriteOp) => WriteResult): Bug =>
  (inner) => ({
    write: async (ops) => (await inner.write(ops)).map((result, index) => change(result, ops[index]!)),
  });

const onEntries =
  (change: (entries: readonly StoreEntry[], options: ListOptions) => readonly StoreEntry[]): Bug =>
  (inner) => ({
    list: async (prefix, options = {}) => {
      const list = await inner.list(prefix, options);
      return { ...list, entries: change(list.entries, options) };
    },
  });

const withRevision = (entry: StoreEntry, revision: number): StoreEntry => ({ ...entry, revision });

/** Bugs in what a watch tells, each against one of etcd's guarantees. */
export const brokenWatches: Readonly<Record<string, Bug>> = {
  'unordered: the changes of a call are turned round': onChanges((changes, say) => say([...changes].reverse())),
  'not unique: each change is told twice': onChanges((changes, say) => {
    say(changes);
    say(changes);
  }),
  'not atomic: one revision comes in two calls': onChanges((changes, say) => {
    for (const change of changes) {
      say([change]);
      if (change.key.endsWith('3')) say([{ ...change, key: `${change.key}~` }]);
    }
  }),
  'not reliable: a change is left out': (inner) => {
    let count = 0;
    const isKept = (change: StoreChange): boolean => change.key.endsWith('~end') || ++count % 7 !== 3;
    return onChanges((changes, say) => {
      const kept = changes.filter(isKept);
      if (kept.length > 0) say(kept);
    })(inner);
  },
  'not reliable: a watch of a part is told what was there before': (inner) => ({
    watch: (options) => {
      const old = ({ previous, ...change }: StoreChange): StoreChange => {
        const value = previous?.value ?? change.entry.value;
        return { ...change, previous, entry: { ...change.entry, value } };
      };
      const isPart = /[01]\/$/.test(options.prefix);
      return inner.watch(isPart ? { ...options, onChanges: (changes) => options.onChanges(changes.map(old)) } : options);
    },
  }),
  'not resumable: the change at the revision itself is told again': onWatch((options) => ({
    ...options,
    after: Math.max(0, options.after - 1),
  })),
  'not resumable: it begins at the present': (inner) => ({
    watch: (options) => {
      let open = inner.watch({ ...options, after: Number.MAX_SAFE_INTEGER });
      let closed = false;
      void inner.head().then((head) => {
        if (!closed) open = inner.watch({ ...options, after: Math.max(head, options.after) });
      });
      return {
        close: () => {
          closed = true;
          open.close();
        },
      };
    },
  }),
  'not bookmarkable: progress runs ahead': (inner) => ({
    watch: (options) => {
      const { onProgress } = options;
      return inner.watch({
        ...options,
        onChanges: (changes) => {
          onProgress?.(changes.at(-1)!.entry.revision + 2);
          options.onChanges(changes);
        },
      });
    },
  }),
  'not bookmarkable: no progress is told': onWatch(({ prefix, after, onChanges: say, onError }) => ({
    prefix,
    after,
    onChanges: say,
    onError,
  })),
  'not filtered: the whole store is told': onWatch((options) => ({ ...options, prefix: '' })),
  'no previous entry': onChanges((changes, say) => say(changes.map((change) => ({ ...change, previous: undefined })))),
  'told before watch() returns': (inner) => ({
    watch: (options) => {
      options.onChanges([
        {
          type: 'put',
          key: options.prefix,
          entry: { key: options.prefix, value: {}, revision: 1, createRevision: 1 },
          previous: undefined,
        },
      ]);
      return inner.watch(options);
    },
  }),
  'close() is not heard': (inner) => ({
    watch: (options) => {
      inner.watch(options);
      return { close: () => undefined };
    },
  }),
  'a thrower takes the others with it': (inner) => {
    let dead = false;
    return {
      watch: (options) =>
        inner.watch({
          ...options,
          onChanges: (changes) => {
            if (dead) return;
            dead = true;
            options.onChanges(changes);
            dead = false;
          },
        }),
    };
  },
  'the future is told at once': onWatch((options) => ({ ...options, after: Math.min(options.after, 1) })),
  'after a compaction it begins where it can': (inner) => ({
    watch: (options) => inner.watch({ ...options, onError: () => void inner.watch({ ...options, after: 2 }) }),
  }),
};

/** Bugs in writing and reading. */
export const brokenWrites: Readonly<Record<string, Bug>> = {
  'a read may be stale': (inner) => {
    const cache = new Map<string, StoreEntry | undefined>();
    let reads = 0;
    return {
      get: async (key) => {
        if (reads++ % 5 === 4 && cache.has(key)) return cache.get(key);
        const entry = await inner.get(key);
        cache.set(key, entry);
        return entry;
      },
    };
  },
  'the last write wins, whatever it compares with': onOps(async (op, inner) => ({
    ...op,
    expected: (await inner.get(op.key))?.revision ?? 0,
  })),
  'a compare with 0 always holds': onOps(async (op, inner) =>
    op.expected > 0 ? op : { ...op, expected: (await inner.get(op.key))?.revision ?? 0 },
  ),
  'now and then a write is acknowledged and not made': (inner) => ({
    write: async (ops) => {
      const [op] = ops;
      const head = await inner.head();
      if (op === undefined || op.value === null || head % 9 !== 8 || op.key.endsWith('~end')) return inner.write(ops);
      return ops.map((one) => ({
        ok: true,
        entry: { key: one.key, value: one.value ?? {}, revision: head + 1, createRevision: head + 1 },
      }));
    },
  }),
  'a group is made in reverse': (inner) => ({ write: async (ops) => [...(await inner.write([...ops].reverse()))].reverse() }),
  'a refused write ends its group': (inner) => ({
    write: async (ops) => {
      const results: WriteResult[] = [];
      for (const op of ops) {
        if (results.some((result) => !result.ok)) results.push({ ok: false, reason: 'conflict', current: undefined });
        else results.push(...(await inner.write([op])));
      }
      return results;
    },
  }),
  'an empty group is an error': (inner) => ({
    write: (ops) => (ops.length === 0 ? Promise.reject(new RangeError('empty')) : inner.write(ops)),
  }),
  'groups overtake each other': (inner) => {
    let turn = 0;
    return {
      write: async (ops) => {
        if (turn++ % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
        return inner.write(ops);
      },
    };
  },
  'fences are not looked at': onOps(({ key, value, expected }) => ({ key, value, expected })),
  'a fence that is gone holds': onOps(async ({ fence, ...op }, inner) =>
    fence === undefined || (await inner.get(fence.key)) === undefined ? op : { ...op, fence },
  ),
  'a conflict behind a fence is called fenced': onResults((result, op) =>
    op.fence !== undefined && !result.ok ? { ok: false, reason: 'fenced' } : result,
  ),
  'a conflict does not say what is there': onResults((result) => (result.ok ? result : { ...result, current: undefined })),
  'two writes are given one revision': onResults((result) =>
    result.ok && result.entry.revision % 2 === 0 ? { ok: true, entry: withRevision(result.entry, result.entry.revision - 1) } : result,
  ),
  'createRevision never changes': (inner) => {
    const first = new Map<string, number>();
    return {
      write: async (ops) =>
        (await inner.write(ops)).map((result) => {
          if (!result.ok) return result;
          const { key, createRevision } = result.entry;
          if (!first.has(key)) first.set(key, createRevision);
          return { ok: true, entry: { ...result.entry, createRevision: first.get(key)! } };
        }),
    };
  },
  'values are not frozen': (inner) => ({ get: async (key) => structuredClone(await inner.get(key)) }),
  'stamp is not called': (inner) => ({ open: () => inner.open() }),
};

/** Bugs in lists, compaction, opening and closing. */
export const brokenLists: Readonly<Record<string, Bug>> = {
  'a list is not one picture: a page comes from the present': (inner) => ({
    list: (prefix, options = {}) =>
      inner.list(prefix, { limit: options.limit ?? Infinity, ...(options.after === undefined ? {} : { after: options.after }) }),
  }),
  'a list leaves out the newest': onEntries((entries) =>
    entries.length < 3 ? entries : entries.filter((entry) => entry.revision < Math.max(...entries.map((one) => one.revision))),
  ),
  'a list tells what each key held at first': (inner) => {
    const first = new Map<string, StoreEntry['value']>();
    return {
      list: async (prefix, options) => {
        const list = await inner.list(prefix, options);
        for (const { key, value } of list.entries) if (!first.has(key)) first.set(key, value);
        return { ...list, entries: list.entries.map((entry) => ({ ...entry, value: first.get(entry.key)! })) };
      },
    };
  },
  'every other list is the one before': (inner) => {
    const before = new Map<string, StoreList>();
    return {
      list: async (prefix, options = {}) => {
        const old = before.get(prefix);
        before.delete(prefix);
        if (old !== undefined && Object.keys(options).length === 0) return old;
        const list = await inner.list(prefix, options);
        before.set(prefix, list);
        return list;
      },
    };
  },
  'a list is not sorted': onEntries((entries) => [...entries].sort((a, b) => a.revision - b.revision)),
  'the prefix ends at a slash': (inner) => ({
    list: (prefix, options) => inner.list(prefix.slice(0, prefix.lastIndexOf('/') + 1), options),
  }),
  'after is inclusive': (inner) => ({
    list: (prefix, { after, ...options } = {}) =>
      inner.list(prefix, after === undefined ? options : { ...options, after: after.slice(0, -1) }),
  }),
  'more is always true with a limit': (inner) => ({
    list: async (prefix, options) => ({ ...(await inner.list(prefix, options)), more: options?.limit !== undefined }),
  }),
  'compaction is forgotten': () => ({ compact: async () => undefined }),
  'compaction forgets its own revision too': (inner) => ({ compact: (revision) => inner.compact(revision + 1) }),
  'it works before it is opened': (inner) => {
    void inner.open();
    return { open: async () => undefined };
  },
  'it works after it is closed': () => ({ close: async () => undefined }),
  'closing ends watches with an error': (inner) => {
    const watches: WatchOptions[] = [];
    return {
      watch: (options) => {
        watches.push(options);
        return inner.watch(options);
      },
      close: async () => {
        await inner.close();
        for (const options of watches) options.onError(new Error('closed'));
      },
    };
  },
  'closing leaves writes unanswered': (inner) => {
    let closing = false;
    return {
      write: async (ops) => {
        await new Promise((resolve) => setImmediate(resolve));
        return closing ? new Promise<never>(() => undefined) : inner.write(ops);
      },
      close: () => ((closing = true), inner.close()),
    };
  },
};

/** What survives in it is what the process keeps: an instance that is closed leaves its content to the next, but not how far it was compacted. */
function withoutMemoryOfCompaction(): () => Store {
  const content = new MemoryStore();
  let opened: Promise<void> | undefined;
  return () =>
    broken(() => ({
      durable: true,
      open: (options) => (opened ??= content.open(options)),
      write: (ops) => content.write(ops),
      list: (prefix, options) => content.list(prefix, options),
      compact: async () => undefined,
      close: async () => undefined,
    }));
}

/** Stores that promise something between instances and do not keep it; `make` makes one instance after the other. */
export const brokenPromises: Readonly<Record<string, { readonly finds: string; readonly make: () => Store }>> = {
  'durable, and the next instance finds nothing': {
    finds: 'durable: another instance finds everything, and revisions go on',
    make: () => broken(() => ({ durable: true })),
  },
  'durable, and a compaction is forgotten': { finds: 'durable: a compaction is remembered', make: withoutMemoryOfCompaction() },
  'shared, and each instance has its own content': {
    finds: 'shared: what one instance writes another sees, and only one wins',
    make: () => broken(() => ({ shared: true })),
  },
};
