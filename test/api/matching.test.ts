import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LabelMatcher } from '../../src/api/label-matcher.ts';
import { matching, orphansMatching } from '../../src/api/matching.ts';
import { Cluster, ManualClock } from '../../src/index.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';

const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'), { maxKeys: 2 });
const expression = fc.oneof(
  fc.record({
    key: fc.constantFrom('app', 'tier'),
    operator: fc.constantFrom('In', 'NotIn'),
    values: fc.subarray(['a', 'b'], { minLength: 1 }),
  }),
  fc.record({ key: fc.constantFrom('app', 'tier'), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const selector = fc.option(fc.record({ matchLabels: labels, matchExpressions: fc.array(expression, { maxLength: 2 }) }), {
  nil: undefined,
});
const owner = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'o', uid: 'b1a5d2a0-0000-4000-8000-000000000000', controller: true }];

test('what a selector matches is found by an index as by a look at everything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ labels, owned: fc.boolean() }), { maxLength: 8 }), selector, async (maps, chosen) => {
      await using cluster = await Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'none' });
      for (const [i, { labels: own, owned }] of maps.entries())
        await cluster.client.create(configMapKind, {
          metadata: {
            name: `m${i}`,
            namespace: i % 3 === 2 ? 'kube-system' : 'default',
            labels: own,
            ...(owned ? { ownerReferences: owner } : {}),
          },
        });
      await cluster.settle();
      const matcher = LabelMatcher.of(chosen);
      const names = (found: readonly { readonly metadata: { readonly name: string } }[]) =>
        found.map(({ metadata }) => metadata.name).sort();
      const all = cluster.view.list(configMapKind, { namespace: 'default' }).filter(({ metadata }) => matcher.matches(metadata.labels));
      expect(names(matching(cluster.view, configMapKind, 'default', matcher))).toEqual(names(all));
      const free = all.filter(({ metadata }) => metadata.ownerReferences === undefined);
      expect(names(orphansMatching(cluster.view, configMapKind, 'default', matcher))).toEqual(names(free));
    }),
    { numRuns: 60 },
  );
});
