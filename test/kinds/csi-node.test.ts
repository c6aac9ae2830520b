import { expect, test } from 'vitest';
import type { CSINodeDriver } from '../../src/api/generated/models.ts';
import { Cluster } from '../../src/cluster.ts';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { csiNodeKind } from '../../src/kinds/csi-node.ts';

const driver = (fields: Partial<CSINodeDriver> = {}): CSINodeDriver => ({ name: 'ebs.csi.aws.com', nodeID: 'i-1', ...fields });
const node = (...drivers: readonly CSINodeDriver[]) => ({ metadata: { name: 'n' }, spec: { drivers } });
const bare = () => Cluster.create({ clock: new ManualClock(), seed: 1, controllers: 'none', scheduler: 'none' });

test.each<[string, CSINodeDriver[], string]>([
  ['a name that is none', [driver({ name: 'a b' })], 'spec.drivers[0].name: Invalid value: "a b"'],
  ['no id of the node', [driver({ nodeID: '' })], 'spec.drivers[0].nodeID: Required value'],
  ['a long id', [driver({ nodeID: 'x'.repeat(257) })], 'must be 256 characters or less'],
  [
    'less than no volumes',
    [driver({ allocatable: { count: -1 } })],
    'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
  ],
  ['a driver twice', [driver(), driver({ nodeID: 'i-2' })], 'spec.drivers[1].name: Duplicate value: "ebs.csi.aws.com"'],
  ['a topology key twice', [driver({ topologyKeys: ['zone', 'zone'] })], 'spec.drivers[0]: Duplicate value: "zone"'],
])('refuses %s', async (_what, drivers, message) => {
  await using cluster = await bare();
  await expect(cluster.client.create(csiNodeKind, node(...drivers))).rejects.toThrow(message);
});

test('drivers come and go, and do not change', async () => {
  await using cluster = await bare();
  const other = driver({ name: 'other.example.com', allocatable: { count: 3 } });
  const made = await cluster.client.create(csiNodeKind, node(driver(), other));
  await expect(cluster.client.update(csiNodeKind, { ...made, spec: { drivers: [driver({ nodeID: 'i-2' }), other] } })).rejects.toThrow(
    'CSINodeDriver: Invalid value',
  );
  const left = await cluster.client.update(csiNodeKind, { ...made, spec: { drivers: [other] } });
  expect(left.spec.drivers).toEqual([other]);
  const [handle] = cluster.csiNodes.list();
  expect(handle?.drivers).toEqual([other]);
  expect(csiNodeKind.columns?.map(({ name, cell }) => [name, cell(left, 0)]).slice(0, 2)).toEqual([
    ['Name', 'n'],
    ['Drivers', 1],
  ]);
});
