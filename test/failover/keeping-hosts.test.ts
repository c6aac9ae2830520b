import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Cluster } from '../../src/index.ts';
import { EtcdStore } from '../../src/stores/etcd-store.ts';
import { EtcdServers, hasEtcd } from '../etcd/etcd-server.ts';
import { killProcessesWith, processesWith } from '../runtimes/process-fixture.ts';
import { Planes } from './planes.ts';

/** So long that nobody loses the lead for being held up on a busy machine. */
const leaseMs = 5000;

describe.skipIf(!hasEtcd)('machines with real processes and one etcd', () => {
  it('whoever leads and whoever dies, the processes of each machine go on, and who comes back adopts its own', async () => {
    const servers = await EtcdServers.start(1);
    const folder = mkdtempSync(join(tmpdir(), 'coxswain-keeping-'));
    const command = ['--import', 'tsx', join(import.meta.dirname, 'keeping-host.ts'), folder];
    const hosts = new Planes({ endpoints: servers.endpoints, prefix: '/keeping', leaseMs, command });
    const stop = new AbortController();
    const user = await Cluster.create({
      store: new EtcdStore({ endpoints: servers.endpoints, prefix: '/keeping', compactionIntervalMs: 0 }),
      highAvailability: { candidate: false, leaseDurationMs: leaseMs },
    });
    const cranked = user.run({ signal: stop.signal });
    onTestFinished(async () => {
      stop.abort();
      await cranked;
      await user.close();
      await hosts.killAll();
      killProcessesWith(folder);
      await servers.remove();
      rmSync(folder, { recursive: true, force: true });
    });
    await Promise.all(['a', 'b'].map((identity) => hosts.start(identity)));
    const web = await user.replicationControllers.create({
      metadata: { name: 'web' },
      spec: {
        replicas: 4,
        selector: { app: 'web' },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'sleeper' }] } },
      },
    });
    await web.ready();
    const running = (): readonly unknown[] =>
      user.pods
        .list({ namespace: 'default' })
        .map(({ name, metadata, nodeName, status }) => {
          const [main] = status.containerStatuses ?? [];
          const pids = processesWith(`COXSWAIN_CONTAINER=${metadata.uid}.0.main.0`);
          return { name, nodeName, pids, id: main?.containerID, restarts: main?.restartCount };
        })
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    const before = running();
    expect(new Set(user.pods.list({ namespace: 'default' }).map(({ nodeName }) => nodeName))).toEqual(new Set(['a', 'b']));
    const leader = (other: string): Promise<string> =>
      user.client.waitFor(
        `another than ${other} to lead`,
        () => (user.leader !== undefined && user.leader !== other ? user.leader : undefined),
        () => `leader: ${user.leader}`,
        { timeoutMs: 60_000 },
      );

    const first = await leader('');
    await hosts.kill(first);
    const second = await leader(first);
    expect(running()).toEqual(before);
    // What the new leader places on the machine that is away is started when it is back.
    await web.scale(8);
    await hosts.start(first);
    await web.ready();
    expect(running()).toEqual(expect.arrayContaining([...before]));
    expect(running()).toHaveLength(8);
    expect(user.leader).toBe(second);

    const all = running();
    hosts.signal(second, 'SIGSTOP');
    expect(await leader(second)).toBe(first);
    hosts.signal(second, 'SIGCONT');
    await web.scale(9);
    await web.ready();
    expect(running()).toEqual(expect.arrayContaining([...all]));
    expect(running()).toHaveLength(9);
  });
});
