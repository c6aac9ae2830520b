import { expect, test } from 'vitest';
import type { RuntimeClassManifest } from '../../src/api/generated/models.ts';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { mergeTolerations } from '../../src/kinds/merge-tolerations.ts';
import { runtimeClassKind } from '../../src/kinds/runtime-class.ts';

const bare = () => Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'none', scheduler: 'none' });
const gpu = { key: 'gpu', operator: 'Exists' };

test.each<[string, Partial<RuntimeClassManifest>, string]>([
  ['a handler that is no DNS label', { handler: 'a.b' }, 'handler: Invalid value: "a.b"'],
  ['no handler', { handler: '' }, 'handler: Invalid value: ""'],
  ['a negative overhead', { overhead: { podFixed: { cpu: '-1' } } }, 'overhead.podFixed.limits[cpu]: Invalid value: "-1"'],
  ['labels that are none', { scheduling: { nodeSelector: { 'a b': 'c' } } }, 'scheduling.nodeSelector: Invalid value: "a b"'],
  [
    'a toleration that is none',
    { scheduling: { tolerations: [{ key: 'a', operator: 'Near' }] } },
    'scheduling.tolerations[0].operator: Unsupported value',
  ],
  ['a toleration twice', { scheduling: { tolerations: [gpu, gpu] } }, 'scheduling.tolerations[1]: Duplicate value'],
])('refuses %s', async (_what, fields, message) => {
  await using cluster = await bare();
  const made = cluster.client.create(runtimeClassKind, { metadata: { name: 'r' }, handler: 'runsc', ...fields });
  await expect(made).rejects.toThrow(message);
});

test('its handler stays as it is, the rest may change', async () => {
  await using cluster = await bare();
  const made = await cluster.runtimeClasses.create({ metadata: { name: 'r' }, handler: 'runsc' });
  const stored = cluster.view.get(runtimeClassKind, undefined, 'r')!;
  await expect(cluster.client.update(runtimeClassKind, { ...stored, handler: 'kata' })).rejects.toThrow(
    'handler: Invalid value: "kata": field is immutable',
  );
  await cluster.client.update(runtimeClassKind, { ...stored, overhead: { podFixed: { memory: '64Mi' } } });
  expect([made.handler, cluster.runtimeClasses.get('r')?.overhead]).toEqual(['runsc', { podFixed: { memory: '64Mi' } }]);
  expect(runtimeClassKind.columns?.map(({ name, cell }) => [name, cell(stored, 0)]).slice(0, 2)).toEqual([
    ['Name', 'r'],
    ['Handler', 'runsc'],
  ]);
});

test('of tolerations put together those stay that no other covers', () => {
  const short = { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
  const long = { ...short, tolerationSeconds: 50 };
  const valued = { key: 'a', operator: 'Equal', value: 'x', effect: 'NoSchedule' };
  expect(mergeTolerations([valued, gpu], [{ ...valued }])).toEqual([valued, gpu]);
  expect(mergeTolerations([valued], [{ key: 'a', operator: 'Exists' }])).toEqual([{ key: 'a', operator: 'Exists' }]);
  expect(mergeTolerations([short], [long])).toEqual([long]);
  expect(mergeTolerations([long], [short])).toEqual([long]);
  expect(mergeTolerations([valued], [{ ...valued, value: 'y' }])).toHaveLength(2);
  expect(mergeTolerations([valued, short], [{ operator: 'Exists' }])).toEqual([{ operator: 'Exists' }]);
});
