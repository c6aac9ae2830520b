import { expect, test } from 'vitest';
import { podKind } from '../../src/index.ts';
import { ExpiredError } from '../../src/errors.ts';
import type { KindDescriptor } from '../../src/api/kind.ts';
import type { StoredObject } from '../../src/api/object.ts';
import type { ViewChange } from '../../src/api/view.ts';
import { WatchStream } from '../../src/api/watch-stream.ts';

const kind = podKind as unknown as KindDescriptor;
const unreadMax = 100_000;

const pod = (name: string, revision: number): StoredObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', uid: name, resourceVersion: String(revision), creationTimestamp: '2026-01-01T00:00:00Z' },
});

/** A watch of Pods whose changes the test makes. `listeners`: how many listen to the view. */
function watched(initial: readonly StoredObject[]) {
  const listeners = new Set<(changes: readonly ViewChange[]) => void>();
  const stream = new WatchStream(kind, {}, initial, (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  });
  let revision = 0;
  const change = (count: number): void => {
    const changes = Array.from({ length: count }, (): ViewChange => {
      const object = pod('web', ++revision);
      return { type: 'modified', kind, object, previous: object };
    });
    for (const listener of listeners) listener(changes);
  };
  return { stream, listeners, change };
}

test('changes come in order, whether somebody waits for them or not', async () => {
  const { stream, change } = watched([pod('web', 0)]);
  const first = await stream.next();
  const waiting = stream.next();
  change(3);
  const events = [first, await waiting, await stream.next(), await stream.next()];
  expect(events.map(({ value }) => [value?.type, value?.object.metadata.resourceVersion])).toEqual([
    ['ADDED', '0'],
    ['MODIFIED', '1'],
    ['MODIFIED', '2'],
    ['MODIFIED', '3'],
  ]);
});

test('a reader that falls far behind gets what was kept, then is told so once; nothing more is kept for it', async () => {
  const { stream, listeners, change } = watched([pod('web', 0)]);
  change(unreadMax);
  expect(listeners.size).toBe(1);
  change(2);
  expect(listeners.size).toBe(0);
  let last: StoredObject | undefined;
  let read = 0;
  const reading = (async () => {
    for await (const { object } of stream) {
      last = object;
      read++;
    }
  })();
  await expect(reading).rejects.toThrow(ExpiredError);
  expect(read).toBe(unreadMax + 1);
  expect(last?.metadata.resourceVersion).toBe(String(unreadMax));
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('whoever ends a watch hears nothing more of it', async () => {
  const { stream, listeners, change } = watched([]);
  const waiting = stream.next();
  await stream.return();
  change(1);
  expect([await waiting, await stream.next()]).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);
  expect(listeners.size).toBe(0);
});
