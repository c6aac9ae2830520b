import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Cluster } from '../../src/index.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { SimulatedRuntime } from '../../src/runtimes/simulated-runtime.ts';
import { EtcdStore } from '../../src/stores/etcd-store.ts';
import { EtcdServers, hasEtcd } from '../etcd/etcd-server.ts';
import { failover } from './failover-run.ts';

let servers: EtcdServers;
beforeEach(async () => {
  servers = await EtcdServers.start(1);
});
afterEach(() => servers.remove());

/** `npm run soak:failover` does it a hundred times. */
describe.skipIf(!hasEtcd)('control planes in processes of their own', () => {
  it('the leader is killed, and stopped and let go on: one acts in each term, nothing is lost, exactly as many Pods as asked for', async () => {
    const random = new SeededRandom(7);
    const outcome = await failover({ endpoints: servers.endpoints, prefix: '/failover', leaseMs: 2000, rounds: 2, random });
    expect(outcome).toMatchObject({ violations: [], lost: [], miscounted: [] });
    expect(outcome.terms).toBeGreaterThanOrEqual(3);
    expect(outcome.acknowledged).toBeGreaterThan(50);
    expect(outcome.acts).toBeGreaterThan(50);
  });

  it('etcd goes away and comes back: nobody leads without it, its nodes and users go on after it', async () => {
    const store = (): EtcdStore =>
      new EtcdStore({ endpoints: servers.endpoints, prefix: '/outage', requestTimeoutMs: 5_000, compactionIntervalMs: 0 });
    const planes: Cluster[] = [];
    const stop = new AbortController();
    const cranks: Promise<void>[] = [];
    for (const identity of ['a', 'b']) {
      const cluster = await Cluster.create({
        store: store(),
        highAvailability: { identity, leaseDurationMs: 2000 },
        nodes: [{ name: `n-${identity}`, runtime: new SimulatedRuntime() }],
      });
      cranks.push(cluster.run({ signal: stop.signal }));
      planes.push(cluster);
    }
    const [a, b] = planes as [Cluster, Cluster];
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'web' }] } };
    const web = await b.replicationControllers.create({
      metadata: { name: 'web' },
      spec: { replicas: 6, selector: { app: 'web' }, template },
    });
    await web.ready();
    const containers = (): readonly unknown[] =>
      b.pods.list({ namespace: 'default' }).map((pod) => [pod.name, pod.status.containerStatuses?.[0]?.containerID]);
    const before = containers();
    const follower = a.leading ? b : a;
    const server = await follower.serve({ port: 0, tls: false, auth: { token: 'follower' } });
    const list = `${server.url}/api/v1/namespaces/default/pods`;
    const headers = { authorization: 'Bearer follower' };
    const answer = await fetch(list, { headers });
    expect(((await answer.json()) as { readonly items: readonly unknown[] }).items).toHaveLength(6);

    await servers.members[0]!.signal('SIGKILL');
    const leaders = (): readonly boolean[] => planes.map((plane) => plane.leading);
    const quiet = (): true | undefined => (leaders().includes(true) ? undefined : true);
    await a.client.waitFor('nobody to lead', quiet, () => String(leaders()));
    await expect(b.configMaps.create({ metadata: { name: 'lost' } })).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    // What promises the present fails; what a follower has seen it still tells.
    const status = await fetch(list, { headers });
    expect(await status.json()).toMatchObject({ kind: 'Status', code: 503, reason: 'ServiceUnavailable' });
    expect(containers()).toEqual(before);

    servers.members[0]!.start();
    await a.client.waitFor(
      'one to lead',
      () => (leaders().filter(Boolean).length === 1 ? true : undefined),
      () => String(leaders()),
    );
    expect(containers()).toEqual(before);
    await web.scale(9);
    await web.ready();
    expect(containers()).toHaveLength(9);
    expect(containers()).toEqual(expect.arrayContaining([...before]));
    stop.abort();
    await Promise.all(cranks);
    for (const cluster of planes) await cluster.close();
  });
});
