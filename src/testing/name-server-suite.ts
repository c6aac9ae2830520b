import assert from 'node:assert/strict';
import type { Endpoint } from '../api/generated/models.ts';
import { nameServerCase, type NameServerCase } from './name-server-probe.ts';

const ready = (ip: string, hostname?: string): Endpoint => ({
  addresses: [ip],
  conditions: { ready: true },
  ...(hostname !== undefined && { hostname }),
});
const http = { name: 'http', port: 80, protocol: 'TCP' };
const named = <T extends { readonly name: string }>(records: unknown): readonly T[] =>
  [...(records as T[])].sort((a, b) => (a.name < b.name ? -1 : 1));

const services: readonly NameServerCase[] = [
  nameServerCase('a Service has its ClusterIPs, by family', async (probe) => {
    probe.service('shop', 'web', { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::7'], ports: [http] });
    assert.deepEqual(await probe.ask('web.shop.svc.cluster.local', 'A'), ['10.96.0.7']);
    assert.deepEqual(await probe.ask('WEB.Shop.SVC.cluster.LOCAL', 'A'), ['10.96.0.7']);
    assert.deepEqual(await probe.ask('web.shop.svc.cluster.local', 'AAAA'), ['fd00::7']);
  }),
  nameServerCase('a name without what is asked for is no missing name', async (probe) => {
    probe.namespace('shop');
    probe.service('shop', 'web', { clusterIP: '10.96.0.7', ports: [http] });
    assert.equal(await probe.ask('web.shop.svc.cluster.local', 'AAAA'), 'ENODATA');
    for (const between of ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', '_tcp.web.shop.svc.cluster.local']) {
      assert.equal(await probe.ask(between, 'A'), 'ENODATA', between);
    }
    for (const missing of ['no.shop.svc.cluster.local', 'web.no.svc.cluster.local', 'no.svc.cluster.local', 'no.cluster.local']) {
      assert.equal(await probe.ask(missing, 'A'), 'ENOTFOUND', missing);
    }
  }),
  nameServerCase('a named port of a Service has SRV, an unnamed one has not', async (probe) => {
    probe.service('shop', 'web', { clusterIP: '10.96.0.7', ports: [http, { name: 'DNS', port: 53, protocol: 'UDP' }] });
    const [record, ...more] = (await probe.ask('_http._tcp.web.shop.svc.cluster.local', 'SRV')) as { name: string; port: number }[];
    assert.deepEqual([record?.name, record?.port, more.length], ['web.shop.svc.cluster.local', 80, 0]);
    assert.equal(named<{ name: string; port: number }>(await probe.ask('_dns._udp.web.shop.svc.cluster.local', 'SRV'))[0]?.port, 53);
    assert.equal(await probe.ask('_http._udp.web.shop.svc.cluster.local', 'SRV'), 'ENOTFOUND');
    probe.service('shop', 'plain', { clusterIP: '10.96.0.8', ports: [{ port: 80 }] });
    assert.equal(await probe.ask('_._tcp.plain.shop.svc.cluster.local', 'SRV'), 'ENOTFOUND');
  }),
  nameServerCase('a ClusterIP has the name of its Service', async (probe) => {
    probe.service('shop', 'web', { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7', 'fd00::7'], ports: [http] });
    assert.deepEqual(await probe.ask('7.0.96.10.in-addr.arpa', 'PTR'), ['web.shop.svc.cluster.local']);
    const nibbles = `7${'.0'.repeat(29)}.d.f.ip6.arpa`;
    assert.deepEqual(await probe.ask(nibbles, 'PTR'), ['web.shop.svc.cluster.local']);
  }),
  nameServerCase('an ExternalName is an alias, also of another Service', async (probe) => {
    probe.service('shop', 'web', { clusterIP: '10.96.0.7', ports: [http] });
    probe.service('shop', 'inside', { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' });
    probe.service('shop', 'outside', { type: 'ExternalName', externalName: 'www.example.com' });
    assert.deepEqual(await probe.ask('outside.shop.svc.cluster.local', 'CNAME'), ['www.example.com']);
    assert.deepEqual(await probe.ask('inside.shop.svc.cluster.local', 'A'), ['10.96.0.7']);
  }),
  nameServerCase('what is deleted has no name any more', async (probe) => {
    probe.service('shop', 'web', { clusterIP: '10.96.0.7', ports: [http] });
    probe.remove('Service', 'shop', 'web');
    assert.equal(await probe.ask('web.shop.svc.cluster.local', 'A'), 'ENOTFOUND');
    assert.notDeepEqual(await probe.ask('7.0.96.10.in-addr.arpa', 'PTR'), ['web.shop.svc.cluster.local']);
  }),
];

const headless = { clusterIP: 'None', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] };

const endpoints: readonly NameServerCase[] = [
  nameServerCase('a headless Service has the addresses of its ready endpoints', async (probe) => {
    probe.service('db', 'pg', headless);
    assert.equal(await probe.ask('pg.db.svc.cluster.local', 'A'), 'ENOTFOUND');
    probe.slice('db', 'pg', [ready('10.1.0.1'), { addresses: ['10.1.0.2'], conditions: { ready: false } }, { addresses: ['10.1.0.3'] }]);
    probe.slice('db', 'pg', [ready('10.1.0.4')], { suffix: '2' });
    assert.deepEqual(await probe.ask('pg.db.svc.cluster.local', 'A'), ['10.1.0.1', '10.1.0.3', '10.1.0.4']);
    probe.remove('EndpointSlice', 'db', 'pg-2');
    assert.deepEqual(await probe.ask('pg.db.svc.cluster.local', 'A'), ['10.1.0.1', '10.1.0.3']);
  }),
  nameServerCase('an endpoint has a name: its hostname, or its address with dashes', async (probe) => {
    probe.service('db', 'pg', headless);
    probe.slice('db', 'pg', [ready('10.1.0.1', 'pg-0'), ready('10.1.0.2', 'pg-1'), ready('10.1.0.3')]);
    assert.deepEqual(await probe.ask('pg-0.pg.db.svc.cluster.local', 'A'), ['10.1.0.1']);
    assert.deepEqual(await probe.ask('pg-1.pg.db.svc.cluster.local', 'A'), ['10.1.0.2']);
    assert.deepEqual(await probe.ask('10-1-0-3.pg.db.svc.cluster.local', 'A'), ['10.1.0.3']);
    assert.equal(await probe.ask('pg-2.pg.db.svc.cluster.local', 'A'), 'ENOTFOUND');
    assert.deepEqual(await probe.ask('2.0.1.10.in-addr.arpa', 'PTR'), ['pg-1.pg.db.svc.cluster.local']);
  }),
  nameServerCase('a named port of a headless Service has SRV for each ready endpoint, with the port of the pod', async (probe) => {
    probe.service('db', 'pg', headless);
    probe.slice('db', 'pg', [ready('10.1.0.1', 'pg-0'), ready('10.1.0.2', 'pg-1')]);
    const records = named<{ name: string; port: number }>(await probe.ask('_http._tcp.pg.db.svc.cluster.local', 'SRV'));
    assert.deepEqual(
      records.map(({ name, port }) => [name, port]),
      [
        ['pg-0.pg.db.svc.cluster.local', 8080],
        ['pg-1.pg.db.svc.cluster.local', 8080],
      ],
    );
  }),
  nameServerCase('an answer too long for a datagram is given over TCP, whole', async (probe) => {
    const ips = Array.from({ length: 250 }, (_, i) => `10.2.${i >> 7}.${(i & 127) + 1}`);
    probe.service('db', 'many', headless);
    probe.slice(
      'db',
      'many',
      ips.map((ip) => ready(ip)),
    );
    assert.deepEqual(await probe.ask('many.db.svc.cluster.local', 'A'), [...ips].sort());
  }),
];

const others: readonly NameServerCase[] = [
  nameServerCase('dns-version says which schema the names follow', async (probe) => {
    assert.deepEqual(await probe.ask('dns-version.cluster.local', 'TXT'), [['1.1.0']]);
  }),
  nameServerCase("a name that is none of the cluster's is refused", async (probe) => {
    assert.equal(await probe.ask('www.example.com', 'A'), 'EREFUSED');
    assert.equal(await probe.ask('1.2.0.192.in-addr.arpa', 'PTR'), 'EREFUSED');
  }),
  nameServerCase('questions are counted', async (probe) => {
    probe.service('shop', 'web', { clusterIP: '10.96.0.7', ports: [http] });
    await probe.ask('web.shop.svc.cluster.local', 'A');
    await probe.ask('no.shop.svc.cluster.local', 'A');
    await probe.ask('www.example.com', 'A');
    const { queries, answered, failed } = probe.server.counters();
    assert.deepEqual([queries, answered, failed], [3, 2, 1]);
  }),
  nameServerCase('close() ends it, and may be repeated', async (probe) => {
    assert.deepEqual(await probe.ask('dns-version.cluster.local', 'TXT'), [['1.1.0']]);
    await probe.close();
    await probe.close();
    assert.equal(probe.server.address(), undefined);
    assert.equal(await probe.ask('dns-version.cluster.local', 'TXT'), 'ECONNREFUSED');
  }),
];

/**
 * What every `NameServer` must do, asked by Node's own resolver. Bind it to the test runner at hand; each case makes its own fixture and
 * leaves nothing behind.
 *
 * @example
 * test.each(nameServerSuite)('$name', ({ run }) =>
 *   run(() => ({ make: (host: NameServerHost) => new ClusterNameServer(host), dispose: async () => undefined })),
 * );
 */
export const nameServerSuite: readonly NameServerCase[] = [...services, ...endpoints, ...others];
