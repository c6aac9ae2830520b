import { expect, test } from 'vitest';
import { ForbiddenError } from '../../src/index.ts';
import { smallCluster } from './small-cluster.ts';

test('Pods are made in groups that double while all goes well', async () => {
  await using cluster = await smallCluster();
  const rc = await cluster.run('web', 'web:1', { replicas: 20 });
  const counts: number[] = [];
  while (counts.at(-1) !== 20) {
    await cluster.reconcile();
    counts.push(rc.pods().length);
  }
  expect([...new Set(counts)].filter((count) => count > 0)).toEqual([1, 2, 4, 8, 16, 20]);
});

test('Pods that are all refused: one is tried at a time', async () => {
  let tried = 0;
  const refusing = {
    name: 'nobody',
    validate: ({ kind }: { readonly kind: { readonly kind: string } }): void => {
      if (kind.kind !== 'Pod') return;
      tried++;
      throw new ForbiddenError('no pods here');
    },
  };
  await using cluster = await smallCluster({}, { admission: [refusing] });
  await cluster.run('web', 'web:1', { replicas: 100 });
  await cluster.advance('10s');
  expect(tried).toBeGreaterThan(1);
  expect(tried).toBeLessThan(20);
});
