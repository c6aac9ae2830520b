import { describe, expect, it, onTestFinished } from 'vitest';
import { Cluster, CompactedError, ManualClock, StoreError } from '../../src/index.ts';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { StoreWatch, WatchOptions } from '../../src/stores/store.ts';

/** A store whose watch can lose its place, as when etcd has compacted what a process that stood still has missed. */
class ForgetfulStore extends MemoryStore {
  failures = 0;
  #options: WatchOptions | undefined;
  #watch: StoreWatch | undefined;

  override watch(options: WatchOptions): StoreWatch {
    this.#options = options;
    return (this.#watch = super.watch(options));
  }

  override async list(...args: Parameters<MemoryStore['list']>): ReturnType<MemoryStore['list']> {
    if (this.failures-- > 0) throw new StoreError('STORE_UNREACHABLE', 'planted', { retryable: true });
    return super.list(...args);
  }

  lose(): (error: Error) => void {
    const lost = this.#options!;
    this.#watch!.close();
    return (error) => lost.onError(error);
  }
}

const configMap = (name: string, data: Readonly<Record<string, string>>, uid: string): object =>
  Object.freeze({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: Object.freeze({ name, namespace: 'default', uid, creationTimestamp: '2030-01-01T00:00:00Z' }),
    data: Object.freeze({ ...data }),
  });

async function watched() {
  const store = new ForgetfulStore();
  const clock = new ManualClock();
  const cluster = await Cluster.create({ store, clock, controllers: 'none', scheduler: 'none' });
  onTestFinished(() => cluster.close());
  for (const name of ['same', 'changed', 'gone', 'replaced']) await cluster.configMaps.create({ metadata: { name }, data: { was: name } });
  const told: string[] = [];
  cluster.on('change', ({ type, object, previous }) =>
    told.push(`${type} ${object.metadata.name}${previous === undefined ? '' : ', known'}`),
  );
  const write = async (name: string, value: object | null): Promise<void> => {
    const key = `core/configmaps/default/${name}`;
    const [result] = await store.write([{ key, value, expected: (await store.get(key))?.revision ?? 0 }]);
    expect(result).toMatchObject({ ok: true });
  };
  return { store, clock, cluster, told, write };
}

describe('a view that lost its place', () => {
  it('is read anew, and told as changes what it missed: who follows it notices nothing else', async () => {
    const { store, clock, cluster, told, write } = await watched();
    const end = store.lose();
    const { uid } = cluster.configMaps.get('changed')!.metadata;
    await write('changed', configMap('changed', { is: 'new' }, uid));
    await write('gone', null);
    await write('replaced', null);
    await write('replaced', configMap('replaced', { is: 'another' }, 'another-uid'));
    await write('added', configMap('added', {}, 'added-uid'));
    expect(told).toEqual([]);
    end(new CompactedError(await store.head()));
    await clock.turn();
    expect(told).toEqual(['deleted replaced, known', 'deleted gone, known', 'modified changed, known', 'added replaced', 'added added']);
    expect(cluster.view.revision).toBe(await store.head());
    expect(cluster.view.byUid('another-uid')).toBe(cluster.configMaps.get('replaced')!.object);
    expect(cluster.configMaps.get('changed')!.object).toMatchObject({ data: { is: 'new' } });
    expect(cluster.configMaps.list({ namespace: 'default' }).map((map) => map.name)).toEqual(['same', 'changed', 'replaced', 'added']);
    // And it follows again.
    await cluster.configMaps.create({ metadata: { name: 'later' } });
    expect(told.at(-1)).toBe('added later');
  });

  it('tries again until the store answers', async () => {
    const { store, clock, told, write } = await watched();
    const end = store.lose();
    await write('gone', null);
    store.failures = 2;
    end(new StoreError('STORE_UNREACHABLE', 'planted'));
    await clock.turn();
    expect(told).toEqual([]);
    for (let second = 0; second < 2; second++) {
      clock.moveTo(clock.now() + 1000);
      clock.fireDue();
      await clock.turn();
    }
    expect(told).toEqual(['deleted gone, known']);
  });
});
