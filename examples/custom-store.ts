/**
 * A store of one's own: the memory store, with every write counted and appended to a journal. A store knows nothing of Kubernetes; it is
 * keys, revisions and frozen JSON, so that one is quickly wrapped or written. `storeSuite` of `coxswain/testing` says whether it is right.
 *
 *     npx tsx examples/custom-store.ts
 */
import {
  Cluster,
  ManualClock,
  MemoryStore,
  type ListOptions,
  type Store,
  type StoreOpenOptions,
  type WatchOptions,
  type WriteOp,
} from 'coxswain';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';
import { storeSuite } from 'coxswain/testing';

class JournaledStore implements Store {
  readonly name = 'journaled';
  readonly durable = false;
  readonly shared = false;
  readonly journal: string[] = [];
  readonly #inner = new MemoryStore();

  open(options?: StoreOpenOptions): ReturnType<Store['open']> {
    return this.#inner.open(options);
  }

  async write(ops: readonly WriteOp[]): ReturnType<Store['write']> {
    const results = await this.#inner.write(ops);
    for (const [i, result] of results.entries()) {
      if (result.ok) this.journal.push(`${result.entry.revision} ${ops[i]?.value === null ? 'delete' : 'put'} ${result.entry.key}`);
    }
    return results;
  }

  get(key: string): ReturnType<Store['get']> {
    return this.#inner.get(key);
  }

  list(prefix: string, options?: ListOptions): ReturnType<Store['list']> {
    return this.#inner.list(prefix, options);
  }

  head(): ReturnType<Store['head']> {
    return this.#inner.head();
  }

  watch(options: WatchOptions): ReturnType<Store['watch']> {
    return this.#inner.watch(options);
  }

  compact(revision: number): ReturnType<Store['compact']> {
    return this.#inner.compact(revision);
  }

  close(): ReturnType<Store['close']> {
    return this.#inner.close();
  }
}

for (const { run } of storeSuite) await run(() => ({ store: new JournaledStore(), dispose: async () => undefined }));
console.log(`the store passes all ${storeSuite.length} cases of the suite`);

const store = new JournaledStore();
await using cluster = await Cluster.create({
  store,
  clock: new ManualClock(),
  seed: 1,
  nodes: [{ name: 'n1', runtime: new SimulatedRuntime() }],
});
const before = store.journal.length;
await cluster.pods.create({ metadata: { name: 'web', namespace: 'default' }, spec: { containers: [{ name: 'web', image: 'web:1' }] } });
await cluster.advance('5s');
for (const line of store.journal.slice(before).filter((entry) => entry.includes('/pods/'))) console.log(line);
