import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeSelectorTerm } from '../../src/api/generated/models.ts';
import type { StoredNode } from '../../src/scheduler/node-info.ts';
import type { StoredClaim, StoredVolume } from '../../src/scheduler/pod-claims.ts';
import { SchedulerCache } from '../../src/scheduler/scheduler-cache.ts';
import { chooseVolumes, volumeFitsNode, waitingClaims } from '../../src/scheduler/volume-choice.ts';
import { fixed, patienceMs, scale } from './runs.ts';
import { aNode, stored } from './small-cluster.ts';

const hostKey = 'kubernetes.io/hostname';
const term: fc.Arbitrary<NodeSelectorTerm> = fc.oneof(
  fc.subarray(['a', 'b', 'c'], { minLength: 1 }).map((values) => ({ matchExpressions: [{ key: hostKey, operator: 'In', values }] })),
  fc.subarray(['x', 'y'], { minLength: 1 }).map((values) => ({ matchExpressions: [{ key: 'zone', operator: 'In', values }] })),
  fc.constantFrom('a', 'b').map((value) => ({ matchExpressions: [{ key: hostKey, operator: 'NotIn', values: [value] }] })),
  fc.constant({
    matchExpressions: [
      { key: 'zone', operator: 'In', values: ['x'] },
      { key: hostKey, operator: 'NotIn', values: ['a'] },
    ],
  }),
  fc.constantFrom('a', 'c').map((value) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [value] }] })),
);
const volume = fc.record({
  size: fc.integer({ min: 1, max: 3 }),
  terms: fc.oneof(fc.constant([]), fc.array(term, { minLength: 1, maxLength: 2 })),
  storageClassName: fc.constantFrom('local', 'local', 'other'),
  phase: fc.constantFrom('Available', 'Available', 'Released'),
});

/** Looks at every volume for every claim. */
function naively(claims: readonly StoredClaim[], volumes: readonly StoredVolume[], node: Parameters<typeof volumeFitsNode>[1]) {
  const gi = (quantity: unknown): number => Number(String(quantity).replace('Gi', ''));
  const chosen: string[] = [];
  for (const claim of [...claims].sort(
    (a, b) => gi(a.spec!.resources!.requests!['storage']) - gi(b.spec!.resources!.requests!['storage']),
  )) {
    const fitting = volumes.filter(
      (each) =>
        !chosen.includes(each.metadata.name) &&
        each.metadata.name !== 'v0' &&
        each.status?.phase === 'Available' &&
        each.spec!.storageClassName === claim.spec!.storageClassName &&
        gi(each.spec!.capacity!['storage']) >= gi(claim.spec!.resources!.requests!['storage']) &&
        volumeFitsNode(each, node),
    );
    const least = Math.min(...fitting.map(({ spec }) => gi(spec!.capacity!['storage'])));
    const found = fitting.find(({ spec }) => gi(spec!.capacity!['storage']) === least);
    if (found === undefined) return undefined;
    chosen.push(found.metadata.name);
  }
  return chosen;
}

test(
  'claims get the volumes they get if all are looked at',
  () => {
    let found = 0;
    fc.assert(
      fc.property(
        fc.array(volume, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
        (given, asked) => {
          const cache = new SchedulerCache();
          const nodes = [
            ['a', 'x'],
            ['b', 'y'],
            ['c', ''],
          ].map(([name, zone]) => cache.setNode(aNode(name!, { labels: zone === '' ? {} : { zone: zone! } }) as StoredNode));
          const volumes = given.map(({ size, terms, storageClassName, phase }, i) => {
            const nodeAffinity = terms.length === 0 ? {} : { nodeAffinity: { required: { nodeSelectorTerms: terms } } };
            const spec = { accessModes: ['ReadWriteOnce'], capacity: { storage: `${size}Gi` }, storageClassName, ...nodeAffinity };
            return stored('PersistentVolume', { name: `v${i}` }, { spec, status: { phase } }) as StoredVolume;
          });
          for (const object of volumes) cache.objects.take({ type: 'added', object, previous: undefined });
          const claims = asked.map(
            (size, i) =>
              stored(
                'PersistentVolumeClaim',
                { name: `c${i}`, namespace: 'default' },
                { spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'local', resources: { requests: { storage: `${size}Gi` } } } },
              ) as StoredClaim,
          );
          const waiting = waitingClaims(claims, cache.objects);
          for (const node of nodes) {
            // The first volume is promised to somebody else.
            const choices = chooseVolumes(waiting, node, cache.objects, (name) => name === 'v0');
            const names = choices?.map((choice) => choice.volume?.metadata.name);
            expect([node.name, names]).toEqual([node.name, naively(claims, volumes, node)]);
            if (names !== undefined) found++;
          }
        },
      ),
      { numRuns: 300 * scale, ...fixed },
    );
    expect(found).toBeGreaterThan(100);
  },
  patienceMs,
);
