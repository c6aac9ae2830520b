import { describe, expect, test } from 'vitest';
import { leaseKind } from '../../src/kinds/lease.ts';
import { nodeKind } from '../../src/kinds/node.ts';
import { OneNode } from './one-node.ts';

const lease = (node: OneNode) => node.view.get(leaseKind, 'kube-node-lease', 'n1');
const renewals = (node: OneNode): number => node.writes.filter(({ key }) => key.startsWith('coordination.k8s.io/leases/')).length;
const statuses = (node: OneNode): number => node.writes.filter(({ key }) => key === 'core/nodes/n1').length;

describe('kubelet: the node', () => {
  test('is registered with what it has, its labels and conditions', async () => {
    await using node = await OneNode.simulated(
      { capacity: { cpu: '4', memory: '8Gi', pods: '20' } },
      {
        node: {
          name: 'n1',
          labels: { zone: 'z1' },
          annotations: { note: 'x' },
          taints: [{ key: 't', effect: 'NoSchedule' }],
          capacity: { pods: '10' },
          reserved: { cpu: '250m' },
        },
      },
    );
    await node.advance(100);
    const found = node.node()!;
    expect(found.metadata.labels).toEqual({
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': 'n1',
      'kubernetes.io/os': 'linux',
      zone: 'z1',
    });
    expect(found.metadata.annotations).toMatchObject({ note: 'x' });
    expect(found.spec).toMatchObject({ taints: [{ key: 't', effect: 'NoSchedule' }] });
    expect(found.spec?.podCIDR).toMatch(/\/\d+$/);
    expect(found.status).toMatchObject({
      capacity: { cpu: '4', memory: '8Gi', pods: '10' },
      allocatable: { cpu: '3750m', memory: '8Gi', pods: '10' },
      nodeInfo: { kubeletVersion: 'v1.33.0', containerRuntimeVersion: 'simulated://1', operatingSystem: 'linux' },
    });
    expect(found.status?.addresses?.map(({ type }) => type)).toEqual(['InternalIP', 'Hostname']);
    expect(found.status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['MemoryPressure', 'False', 'KubeletHasSufficientMemory'],
      ['DiskPressure', 'False', 'KubeletHasNoDiskPressure'],
      ['PIDPressure', 'False', 'KubeletHasSufficientPID'],
      ['Ready', 'True', 'KubeletReady'],
    ]);
  });

  test('renews its Lease every 10 s and writes its status every 5 min, and nothing else', async () => {
    await using node = await OneNode.simulated();
    await node.advance(30_000);
    expect(lease(node)?.spec).toMatchObject({ holderIdentity: 'n1', leaseDurationSeconds: 40 });
    expect(lease(node)?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Node', name: 'n1', uid: node.node()!.metadata.uid });
    const [leases, nodes, all] = [renewals(node), statuses(node), node.writes.length];
    await node.advance(10 * 60_000);
    expect(renewals(node) - leases).toBe(60);
    expect(statuses(node) - nodes).toBe(2);
    expect(node.writes.length - all).toBe(62);
  });

  test('is NotReady while its runtime does not answer, and Ready again', async () => {
    await using node = await OneNode.simulated();
    await node.pod('a');
    await node.advance(30_000);
    node.runtime.disconnect();
    await node.advance(25_000);
    const condition = () => node.node()?.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(condition()).toMatchObject({ status: 'False', reason: 'KubeletNotReady' });
    expect(condition()?.message).toContain('container runtime is down');
    expect(node.reasons('n1')).toContain('NodeNotReady');
    node.runtime.reconnect();
    await node.advance(25_000);
    expect(condition()).toMatchObject({ status: 'True' });
    expect(node.status('a').phase).toBe('Running');
    expect(node.container('a').restartCount).toBe(0);
  });

  test('a node object that is there already is taken over, its other labels and taints stay', async () => {
    await using node = await OneNode.simulated();
    await node.advance(1000);
    const now = node.node()!;
    await node.client.update(nodeKind, {
      ...now,
      metadata: { ...now.metadata, labels: { ...now.metadata.labels, mine: 'yes', 'kubernetes.io/os': 'plan9' } },
      spec: { ...now.spec, unschedulable: true },
    } as never);
    await node.stopKubelet();
    await node.startKubelet();
    await node.advance(1000);
    expect(node.node()!.metadata.uid).toBe(now.metadata.uid);
    expect(node.node()!.metadata.labels).toMatchObject({ mine: 'yes', 'kubernetes.io/os': 'linux' });
    expect(node.node()!.spec?.unschedulable).toBe(true);
  });

  test('a Lease that somebody takes away is made again', async () => {
    await using node = await OneNode.simulated();
    await node.advance(20_000);
    await node.client.delete(leaseKind, { namespace: 'kube-node-lease', name: 'n1' });
    await node.advance(15_000);
    expect(lease(node)).toBeDefined();
  });

  test('conditions of others are kept', async () => {
    await using node = await OneNode.simulated();
    await node.advance(1000);
    const now = node.node()!;
    const conditions = [...now.status!.conditions!, { type: 'FrequentRestarts', status: 'True' }];
    await node.client.updateStatus(nodeKind, { ...now, status: { ...now.status, conditions } } as never);
    await node.advance(6 * 60_000);
    expect(node.node()!.status!.conditions!.map(({ type }) => type)).toContain('FrequentRestarts');
  });
});
