import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { KnownEndpoints } from '../../src/controllers/known-endpoints.ts';
import type { Pod } from '../../src/controllers/pods.ts';
import type { Service } from '../../src/controllers/service-endpoints.ts';

const serviceOf = (): Service => ({ metadata: { name: 's', namespace: 'default' } }) as unknown as Service;
const podOf = (uid: number, version: number): Pod => ({ metadata: { uid: `u${uid}` }, version }) as unknown as Pod;

interface Found {
  readonly pod: Pod;
  old: number;
}

/** What happens to a list of Pods: one changes where it is, goes, comes at the end, or all are in another order. */
const steps = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant('change' as const), at: fc.nat(20) }),
    fc.record({ what: fc.constant('remove' as const), at: fc.nat(20) }),
    fc.record({ what: fc.constant('add' as const), at: fc.nat(5) }),
    fc.record({ what: fc.constant('turn' as const), at: fc.nat(20) }),
    fc.record({ what: fc.constant('ask' as const), at: fc.nat(1) }),
  ),
  { maxLength: 60 },
);

test('each Pod is looked at once for each of its versions, and what is old is told once', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const made: Found[] = [];
      const known = new KnownEndpoints<Found>(
        (_, pod) => {
          const found = { pod, old: 0 };
          made.push(found);
          return found;
        },
        (found) => void found.old++,
      );
      const service = serviceOf();
      let pods: Pod[] = [];
      let version = 0;
      let uid = 0;
      for (const { what, at } of [...all, { what: 'ask' as const, at: 0 }]) {
        const i = pods.length === 0 ? 0 : at % pods.length;
        if (what === 'add') for (let n = 0; n <= at; n++) pods = [...pods, podOf(uid++, version++)];
        else if (what === 'remove') pods = pods.filter((_, n) => n !== i);
        else if (what === 'turn') pods = [...pods.slice(i), ...pods.slice(0, i)];
        else if (what === 'change') pods = pods.map((pod, n) => (n === i ? podOf(Number(pod.metadata.uid.slice(1)), version++) : pod));
        else {
          const before = made.length;
          const found = known.of('default/s', service, pods);
          expect(found.map(({ pod }) => pod)).toEqual(pods);
          expect(found.every((each) => each.old === 0)).toBe(true);
          for (const pod of pods) expect(known.get('default/s', pod.metadata.uid)?.pod).toBe(pod);
          // The others are old, each told once, and cannot be found any more.
          expect(made.filter(({ old }) => old === 0)).toHaveLength(pods.length);
          expect(made.every(({ old }) => old <= 1)).toBe(true);
          expect(known.of('default/s', service, pods)).toEqual(found);
          expect(made.length - before).toBeLessThanOrEqual(pods.length);
        }
      }
      const asked = new Set(made.map(({ pod }) => pod));
      expect(asked.size).toBe(made.length);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('another version of the Service makes all of it old', () => {
  const old: Pod[] = [];
  const known = new KnownEndpoints<Pod>(
    (_, pod) => pod,
    (pod) => old.push(pod),
  );
  const pods = [podOf(1, 1), podOf(2, 1)];
  known.of('default/s', serviceOf(), pods);
  known.of('default/s', serviceOf(), pods);
  expect(old).toEqual(pods);
});
