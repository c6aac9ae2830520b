import { describe, expect, test } from 'vitest';
import type { Cluster, ClusterOptions } from '../../src/index.ts';
import { AddressPool } from '../../src/controllers/address-pool.ts';
import { serviceKind } from '../../src/kinds/service.ts';
import { reasonsOf, smallCluster } from './small-cluster.ts';

const balanced = (name: string, port: number, spec: object = {}) => ({
  metadata: { name, namespace: 'default' },
  spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ port }], ...spec },
});

const addressOf = (cluster: Cluster, name: string): string | undefined =>
  cluster.client.get(serviceKind, { namespace: 'default', name })?.status?.loadBalancer?.ingress?.[0]?.ip;

const given = (loadBalancerAddresses: readonly string[], more: ClusterOptions = {}) => smallCluster({}, { loadBalancerAddresses, ...more });

describe('addresses of Services of type LoadBalancer', () => {
  test('the first free one; one address serves several Services as long as their ports differ', async () => {
    await using cluster = await given(['192.0.2.7', '198.51.100.8/31']);
    for (const [name, port] of [
      ['a', 80],
      ['b', 443],
      ['c', 80],
      ['d', 80],
    ] as const) {
      await cluster.client.create(serviceKind, balanced(name, port));
      await cluster.settle();
    }
    expect(['a', 'b', 'c', 'd'].map((name) => addressOf(cluster, name))).toEqual([
      '192.0.2.7',
      '192.0.2.7',
      '198.51.100.8',
      '198.51.100.9',
    ]);
    expect(reasonsOf(cluster, 'a')).toContain('EnsuredLoadBalancer');
  });

  test('a full pool is told, and the next address that is free goes to who waits', async () => {
    await using cluster = await given(['192.0.2.7']);
    await cluster.client.create(serviceKind, balanced('a', 80));
    await cluster.settle();
    await cluster.client.create(serviceKind, balanced('b', 80));
    await cluster.settle();
    expect(addressOf(cluster, 'b')).toBeUndefined();
    expect(reasonsOf(cluster, 'b')).toContain('SyncLoadBalancerFailed');
    await cluster.client.delete(serviceKind, { namespace: 'default', name: 'a' });
    await cluster.settle();
    expect(addressOf(cluster, 'b')).toBe('192.0.2.7');
  });

  test('loadBalancerIP chooses, a class is left to its owner, and another type gives the address back', async () => {
    await using cluster = await given(['192.0.2.0/24']);
    await cluster.client.create(serviceKind, balanced('a', 80, { loadBalancerIP: '192.0.2.99' }));
    await cluster.client.create(serviceKind, balanced('b', 80, { loadBalancerIP: '203.0.113.1' }));
    await cluster.client.create(serviceKind, balanced('c', 80, { loadBalancerClass: 'example.com/mine' }));
    await cluster.settle();
    expect(addressOf(cluster, 'a')).toBe('192.0.2.99');
    expect(addressOf(cluster, 'b')).toBeUndefined();
    expect(reasonsOf(cluster, 'b')).toContain('SyncLoadBalancerFailed');
    expect(addressOf(cluster, 'c')).toBeUndefined();
    await cluster.client.patch(
      serviceKind,
      { namespace: 'default', name: 'a' },
      { type: 'merge', patch: { spec: { type: 'ClusterIP', loadBalancerIP: null } } },
    );
    await cluster.settle();
    expect(addressOf(cluster, 'a')).toBeUndefined();
  });

  test('without the option nobody gives addresses, and a bad one is refused', async () => {
    await using cluster = await smallCluster();
    await cluster.client.create(serviceKind, balanced('a', 80));
    await cluster.settle();
    expect(addressOf(cluster, 'a')).toBeUndefined();
    await expect(given(['10.0.0.0/40'])).rejects.toThrow('expected an IP address or a range such as 192.168.1.240/28, got "10.0.0.0/40"');
  });
});

describe('AddressPool', () => {
  test('singles and ranges, of both families', () => {
    const pool = new AddressPool(['10.0.0.5', '10.0.1.0/30', 'fd00::10/127']);
    expect([...pool.addresses()]).toEqual(['10.0.0.5', '10.0.1.0', '10.0.1.1', '10.0.1.2', '10.0.1.3', 'fd00::10', 'fd00::11']);
    expect(['10.0.1.3', '10.0.1.4', 'fd00::11', 'fd00::12', 'x'].map((address) => pool.includes(address))).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});
