import { describe, expect, it } from 'vitest';
import type { StoreChange } from '../../src/stores/store.ts';
import { WatchHub } from '../../src/stores/watch-hub.ts';

const change = (key: string, revision: number): StoreChange => ({
  type: 'put',
  key,
  entry: { key, value: {}, revision, createRevision: revision },
  previous: undefined,
});

function listener(
  hub: WatchHub,
  prefix: string,
  head = 0,
  replay: StoreChange[] = [],
): { readonly told: string[]; readonly progress: number[]; close(): void } {
  const told: string[] = [];
  const progress: number[] = [];
  const watch = hub.add(
    {
      prefix,
      after: 0,
      onChanges: (changes) => told.push(...changes.map(({ key, entry }) => `${key}@${entry.revision}`)),
      onProgress: (revision) => progress.push(revision),
      onError: () => undefined,
    },
    head,
    replay,
  );
  return { told, progress, close: () => watch.close() };
}

describe('WatchHub', () => {
  it('finds those who watch by every prefix of the key, and tells the others how far it has come', () => {
    const hub = new WatchHub();
    const [all, pods, exact, other] = [listener(hub, ''), listener(hub, '/pods/'), listener(hub, '/pods/a'), listener(hub, '/nodes/')];
    hub.deliver([change('/pods/a', 1), change('/pods/b', 2)], 2);
    expect([all.told, pods.told, exact.told, other.told]).toEqual([
      ['/pods/a@1', '/pods/b@2'],
      ['/pods/a@1', '/pods/b@2'],
      ['/pods/a@1'],
      [],
    ]);
    expect([all.progress, exact.progress, other.progress]).toEqual([[], [2], [2]]);
  });

  it('what happens before the past has been told comes after it', async () => {
    const hub = new WatchHub();
    const late = listener(hub, '/', 2, [change('/a', 1), change('/a', 2)]);
    hub.deliver([change('/a', 3)], 3);
    expect(late.told).toEqual([]);
    await Promise.resolve();
    hub.deliver([change('/a', 4)], 4);
    expect(late.told).toEqual(['/a@1', '/a@2', '/a@3', '/a@4']);
    expect(late.progress).toEqual([]);
  });

  it('one who leaves takes nobody along, and is told nothing any more', async () => {
    const hub = new WatchHub();
    const [first, second, third] = [listener(hub, '/'), listener(hub, '/'), listener(hub, '/', 1, [change('/a', 1)])];
    first.close();
    third.close();
    await Promise.resolve();
    hub.deliver([change('/a', 2)], 2);
    hub.close();
    hub.deliver([change('/a', 3)], 3);
    expect([first.told, second.told, third.told]).toEqual([[], ['/a@2'], []]);
  });
});
