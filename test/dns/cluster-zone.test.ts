import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredObject } from '../../src/api/object.ts';
import { ClusterZone, type ZoneSettings } from '../../src/dns/cluster-zone.ts';
import { addressOfReverseName } from '../../src/dns/reverse-name.ts';
import { ZoneIndex } from '../../src/dns/zone-index.ts';

const object = (kind: string, namespace: string, name: string, content: object, labels = {}): StoredObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace, uid: `${kind}-${name}`, resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z', labels },
  ...content,
});

function zoneOf(objects: readonly StoredObject[], settings: Partial<ZoneSettings> = {}): ClusterZone {
  const index = new ZoneIndex();
  for (const each of objects) index.take({ type: 'added', object: each, previous: undefined });
  return new ClusterZone(index, { zone: 'cluster.local', shortNamespace: 'default', ownAddress: () => '127.0.0.53', ...settings });
}

const service = (namespace: string, name: string, spec: object): StoredObject => object('Service', namespace, name, { spec });
const web = service('default', 'web', { clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80 }] });

function values(zone: ClusterZone, name: string, type = 'A'): readonly unknown[] | string | undefined {
  const answer = zone.answer({ name, type });
  if (answer === undefined) return undefined;
  return answer.exists ? answer.records.map((record) => ('value' in record ? record.value : record)) : 'no such name';
}

describe('ClusterZone', () => {
  it('answers names without a search path, in the namespace of the host, if there is such a Service', () => {
    const zone = zoneOf([web, service('shop', 'cart', { clusterIP: '10.96.0.2' })]);
    for (const name of ['web', 'web.default', 'web.default.svc', 'WEB.']) expect(values(zone, name), name).toEqual(['10.96.0.1']);
    expect(values(zone, 'cart')).toBeUndefined();
    expect(values(zone, 'cart.shop')).toEqual(['10.96.0.2']);
    expect(values(zone, 'web.default.svc.example')).toBeUndefined();
    expect(values(zoneOf([web], { shortNamespace: undefined }), 'web')).toBeUndefined();
    expect(values(zoneOf([web], { shortNamespace: undefined }), 'web.default')).toEqual(['10.96.0.1']);
  });

  it('says who serves the zone', () => {
    const zone = zoneOf([]);
    expect(values(zone, 'cluster.local', 'NS')).toEqual(['ns.dns.cluster.local']);
    expect(values(zone, 'ns.dns.cluster.local')).toEqual(['127.0.0.53']);
    expect(zone.answer({ name: 'Cluster.Local', type: 'SOA' })?.records).toEqual([{ type: 'SOA', name: 'Cluster.Local', serial: 0 }]);
  });

  it('gives the addresses of targets along with SRV', () => {
    const answer = zoneOf([web]).answer({ name: '_http._tcp.web.default.svc.cluster.local', type: 'SRV' });
    expect(answer?.records).toMatchObject([{ target: 'web.default.svc.cluster.local', port: 80, weight: 100 }]);
    expect(answer?.additional).toEqual([{ type: 'A', name: 'web.default.svc.cluster.local', value: '10.96.0.1' }]);
  });

  it('answers the names of pods that say their address', () => {
    const zone = zoneOf([object('Namespace', '', 'default', {})]);
    expect(values(zone, '10-1-2-3.default.pod.cluster.local')).toEqual(['10.1.2.3']);
    expect(values(zone, 'fd00--1.default.pod.cluster.local', 'AAAA')).toEqual(['fd00::1']);
    for (const name of ['10-1-2-3.no', '10-1-2.default', 'x.10-1-2-3.default', 'no']) {
      expect(values(zone, `${name}.pod.cluster.local`), name).toBe('no such name');
    }
    expect([values(zone, 'default.pod.cluster.local'), values(zone, 'pod.cluster.local')]).toEqual([[], []]);
  });

  it('follows aliases inside the zone, and ends a circle', () => {
    const alias = (name: string, externalName: string): StoredObject => service('default', name, { type: 'ExternalName', externalName });
    const zone = zoneOf([
      web,
      alias('one', 'two.default.svc.cluster.local'),
      alias('two', 'Web.default.svc.cluster.local.'),
      alias('round', 'round.default.svc.cluster.local'),
      alias('out', 'www.example.com'),
      alias('number', '10.0.0.1'),
    ]);
    expect(values(zone, 'one.default.svc.cluster.local')).toEqual([
      'two.default.svc.cluster.local',
      'web.default.svc.cluster.local',
      '10.96.0.1',
    ]);
    expect(zone.answer({ name: 'out.default.svc.cluster.local', type: 'A' })?.elsewhere).toBe('www.example.com');
    expect(values(zone, 'number.default.svc.cluster.local')).toEqual([]);
    expect(values(zone, 'round.default.svc.cluster.local')).toHaveLength(8);
  });

  it('knows an endpoint of several slices once, with all its ports', () => {
    const slice = (name: string, ports: readonly object[]): StoredObject =>
      object(
        'EndpointSlice',
        'default',
        name,
        { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.0.1'], hostname: 'a' }], ports },
        {
          'kubernetes.io/service-name': 'db',
        },
      );
    const zone = zoneOf([
      service('default', 'db', { clusterIP: 'None' }),
      slice('db-2', [{ name: 'y', port: 2, protocol: 'UDP' }]),
      slice('db-1', [{ name: 'x', port: 1 }]),
      object(
        'EndpointSlice',
        'default',
        'db-3',
        { addressType: 'FQDN', endpoints: [{ addresses: ['example.org'] }], ports: [] },
        {
          'kubernetes.io/service-name': 'db',
        },
      ),
    ]);
    expect(values(zone, 'db.default.svc.cluster.local')).toEqual(['10.1.0.1']);
    expect(zone.answer({ name: '_y._udp.db.default.svc.cluster.local', type: 'SRV' })?.records).toMatchObject([{ port: 2, weight: 100 }]);
    expect(zone.answer({ name: 'db.default.svc.cluster.local', type: 'SRV' })?.records).toHaveLength(2);
  });

  it('has an answer, or none of its own, for whatever is asked', () => {
    const zone = zoneOf([web]);
    const label = fc.constantFrom(
      'web',
      'default',
      'svc',
      'pod',
      '_tcp',
      '_http',
      'cluster',
      'local',
      '',
      'x',
      '10-1-2-3',
      'in-addr',
      'arpa',
      '1',
    );
    fc.assert(
      fc.property(fc.array(label, { maxLength: 9 }), fc.constantFrom('A', 'AAAA', 'SRV', 'ANY', 'PTR', 'UNKNOWN_65'), (labels, type) => {
        const name = labels.join('.');
        const answer = zone.answer({ name, type });
        for (const record of answer?.records ?? []) expect(type === 'ANY' || record.type === type || record.type === 'CNAME').toBe(true);
        if (name.endsWith('.cluster.local')) expect(answer).toBeDefined();
      }),
    );
  });
});

describe('ZoneIndex', () => {
  it('gives the addresses of a slice that changed hands to the new owner only', () => {
    const index = new ZoneIndex();
    const slice = (owner: string): StoredObject =>
      object(
        'EndpointSlice',
        'default',
        's',
        { addressType: 'IPv4', endpoints: [{ addresses: ['10.1.0.1'] }] },
        { 'kubernetes.io/service-name': owner },
      );
    for (const name of ['a', 'b'])
      index.take({ type: 'added', object: service('default', name, { clusterIP: 'None' }), previous: undefined });
    index.take({ type: 'added', object: slice('a'), previous: undefined });
    index.take({ type: 'modified', object: slice('b'), previous: slice('a') });
    expect(index.endpoints('default', 'a')).toEqual([]);
    expect(index.ownersOf('10.1.0.1').map(({ service: { name } }) => name)).toEqual(['b']);
    index.take({ type: 'deleted', object: slice('b'), previous: slice('b') });
    expect(index.ownersOf('10.1.0.1')).toEqual([]);
  });

  it('has one spelling for an IPv6 address', () => {
    const index = new ZoneIndex();
    index.take({ type: 'added', object: service('default', 'a', { clusterIPs: ['FD00:0::0001'] }), previous: undefined });
    expect(index.ownersOf('fd00::1')).toHaveLength(1);
  });
});

describe('addressOfReverseName', () => {
  it.each([
    ['1.0.3.10.in-addr.arpa', '10.3.0.1'],
    [`1${'.0'.repeat(29)}.d.f.ip6.arpa`, 'fd00:0000:0000:0000:0000:0000:0000:0001'],
    ['0.3.10.in-addr.arpa', undefined],
    ['256.0.3.10.in-addr.arpa', undefined],
    ['1.ip6.arpa', undefined],
    [`g${'.0'.repeat(31)}.ip6.arpa`, undefined],
    ['example.org', undefined],
  ])('%s is %s', (name, address) => {
    expect(addressOfReverseName(name)).toBe(address);
  });
});
