import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inDeletionOrder } from '../../src/controllers/deletion-order.ts';
import { aPod } from '../../src/testing/pod-builder.ts';

const minute = 60_000;
const start = Date.parse('2030-01-01T00:00:00Z');
const now = start + 24 * 60 * minute;
const at = (minutes: number): string => new Date(start + minutes * minute).toISOString();

let made = 0;
const pod = () => aPod(`p${made++}`).on('n1').running();
const readyAt = (minutes: number) => pod().status({ conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(minutes) }] });
const sidecar = (restartCount: number) =>
  pod()
    .init({ name: 'side', restartPolicy: 'Always' })
    .status({ initContainerStatuses: [{ name: 'side', image: '', imageID: '', ready: true, restartCount }] });
const cost = (value: string) => pod().metadata({ annotations: { 'controller.kubernetes.io/pod-deletion-cost': value } });

test.each([
  ['nowhere before somewhere', aPod('a'), pod()],
  ['Pending before Unknown', pod().status({ phase: 'Pending' }), pod().status({ phase: 'Unknown' })],
  ['Unknown before Running', pod().status({ phase: 'Unknown' }), pod()],
  ['not ready before ready', pod().running({ ready: false }), pod()],
  ['cheap before dear', cost('-5'), pod()],
  ['a cost that is no number is none', pod(), cost('7')],
  ['ready for a shorter time first', readyAt(23 * 60 + 59), readyAt(0)],
  ['often restarted first', pod().running({ restartCount: 3 }), pod().running({ restartCount: 1 })],
  ['then sidecars that were', sidecar(3), sidecar(1)],
  ['younger first', pod().metadata({ creationTimestamp: at(23 * 60) }), pod().metadata({ creationTimestamp: at(0) })],
])('%s', (_rule, first, second) => {
  const [a, b] = [first.stored(), second.stored()];
  expect(inDeletionOrder([a, b], [a, b], now)).toEqual([a, b]);
  expect(inDeletionOrder([b, a], [a, b], now)).toEqual([a, b]);
});

test('of Pods that are alike the one with more siblings on its node goes first; who is leaving is no sibling', () => {
  const [alone, crowded] = [pod().on('n1').stored(), pod().on('n2').stored()];
  const sibling = pod().on('n2').stored();
  expect(inDeletionOrder([alone, crowded], [alone, crowded, sibling], now)[0]).toBe(crowded);
  const leaving = [1, 2].map(() =>
    pod()
      .on('n1')
      .metadata({ deletionTimestamp: at(1) })
      .stored(),
  );
  expect(inDeletionOrder([alone, crowded], [alone, crowded, sibling, ...leaving], now)[0]).toBe(crowded);
});

test('ready for about as long, chance decides: the lower uid', () => {
  const [a, b] = [readyAt(1).stored(), readyAt(2).stored()];
  const lower = a.metadata.uid < b.metadata.uid ? a : b;
  expect(inDeletionOrder([a, b], [a, b], now)[0]).toBe(lower);
});

test('the order does not depend on the order it is asked in', () => {
  const some = fc.array(
    fc.record({ node: fc.constantFrom('n1', 'n2'), ready: fc.boolean(), restarts: fc.nat(2), age: fc.constantFrom(0, 1, 600, 1439) }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(some, fc.infiniteStream(fc.nat()), (specs, keys) => {
      const pods = specs.map(({ node, ready, restarts, age }, i) =>
        aPod(`q${i}`)
          .on(node)
          .running({ ready, restartCount: restarts })
          .metadata({ creationTimestamp: at(age) })
          .stored(),
      );
      const shuffled = pods
        .map((each) => ({ each, key: keys.next().value! }))
        .sort((a, b) => a.key - b.key)
        .map(({ each }) => each);
      expect(inDeletionOrder(shuffled, pods, now)).toEqual(inDeletionOrder(pods, pods, now));
    }),
  );
});
