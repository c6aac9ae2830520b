import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { SystemClock } from '../../src/env/system-clock.ts';
import { EtcdStore, type EtcdStoreOptions } from '../../src/stores/etcd-store.ts';
import type { StoreChange } from '../../src/stores/store.ts';
import { StoreProbe } from '../../src/testing/store-probe.ts';
import { tryHistory } from '../../src/testing/store-suite.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';
import { EtcdServers, hasEtcd } from './etcd-server.ts';
import { inWeather, memberId } from './etcd-weather.ts';

const clock = new SystemClock();
/** Time enough to leave one server for another, also on a machine that is busy. */
const requestTimeoutMs = 9_000;
/** For those who are to find that nobody answers. */
const hasty = { requestTimeoutMs: 3_000 };
const unreachable = { code: 'STORE_UNREACHABLE', retryable: true };

describe.skipIf(!hasEtcd)('EtcdStore on three members', () => {
  let servers: EtcdServers;
  beforeEach(async () => {
    servers = await EtcdServers.start(3);
  });
  afterEach(() => servers.remove());

  async function open(options: Partial<EtcdStoreOptions> = {}): Promise<EtcdStore> {
    const store = new EtcdStore({ endpoints: servers.endpoints, requestTimeoutMs, compactionIntervalMs: 0, ...options });
    onTestFinished(() => store.close());
    for (;;) {
      try {
        await store.open();
        return store;
      } catch (error) {
        // Three members need a moment to find each other.
        expect(error).toMatchObject(unreachable);
      }
    }
  }

  /** Writes under /k/ until told to stop; what was acknowledged, in order. */
  function writer(store: EtcdStore): { readonly acknowledged: string[]; stop(): Promise<void> } {
    const acknowledged: string[] = [];
    let running = true;
    const loop = async (): Promise<void> => {
      for (let n = 0; running; n++) {
        const key = `/k/${String(n).padStart(5, '0')}`;
        try {
          const [result] = await store.write([{ key, value: Object.freeze({ n }), expected: 0 }]);
          if (result?.ok) acknowledged.push(key);
        } catch (error) {
          expect(error).toMatchObject(unreachable);
        }
      }
    };
    const done = loop();
    const stop = (): Promise<void> => {
      running = false;
      return done;
    };
    return { acknowledged, stop };
  }

  const after = (acknowledged: readonly string[], more: number): Promise<void> =>
    waitUntil(
      (
        (target) => () =>
          acknowledged.length >= target
      )(acknowledged.length + more),
    );

  async function waitUntil(condition: () => boolean): Promise<void> {
    while (!condition()) await clock.sleep(20);
  }

  it('goes on when members are killed, stopped and started again; nothing acknowledged is lost, nothing told twice', async () => {
    const store = await open();
    const changes: StoreChange[] = [];
    store.watch({
      prefix: '/k/',
      after: await store.head(),
      onChanges: (told) => changes.push(...told),
      onError: (error) => expect(error).toBeUndefined(),
    });
    const { acknowledged, stop } = writer(store);
    const [first, second, third] = servers.members as readonly [
      (typeof servers.members)[0],
      (typeof servers.members)[0],
      (typeof servers.members)[0],
    ];
    await after(acknowledged, 20);
    await first.signal('SIGKILL');
    await after(acknowledged, 20);
    first.start(servers.cluster);
    await after(acknowledged, 20);
    await second.signal('SIGSTOP');
    await after(acknowledged, 20);
    await second.signal('SIGCONT');
    await third.signal('SIGTERM');
    await after(acknowledged, 20);
    await stop();
    const { entries } = await store.list('/k/');
    expect(entries.map((entry) => entry.key)).toEqual(expect.arrayContaining(acknowledged));
    await waitUntil(() => changes.length >= entries.length);
    expect(changes.map((change) => change.key)).toEqual(entries.toSorted((a, b) => a.revision - b.revision).map((entry) => entry.key));
  });

  it('a server that stands still is left for another', async () => {
    const store = await open();
    const changes: StoreChange[] = [];
    store.watch({ prefix: '/k/', after: await store.head(), onChanges: (told) => changes.push(...told), onError: () => undefined });
    const other = await open({ endpoints: servers.endpoints.slice(1) });
    await servers.members[0]!.signal('SIGSTOP');
    // Answered by another within the time of the one request: when that is over it is refused.
    expect(await store.get('/k/1')).toBeUndefined();
    await other.write([{ key: '/k/1', value: Object.freeze({}), expected: 0 }]);
    await waitUntil(() => changes.length > 0);
    expect(await store.get('/k/1')).toBeDefined();
  });

  it('without a quorum reads fail and do not lie, and all is well again with it', async () => {
    const patient = await open();
    const store = await open(hasty);
    await patient.write([{ key: '/a', value: Object.freeze({ n: 1 }), expected: 0 }]);
    await servers.members[1]!.signal('SIGKILL');
    await servers.members[2]!.signal('SIGSTOP');
    const [get, list, head, write] = await Promise.allSettled([
      store.get('/a'),
      store.list('/'),
      store.head(),
      store.write([{ key: '/b', value: Object.freeze({}), expected: 0 }]),
    ]);
    for (const outcome of [get, list, head, write]) expect(outcome).toMatchObject({ status: 'rejected', reason: unreachable });
    await servers.members[2]!.signal('SIGCONT');
    const probe = new StoreProbe({ store, dispose: async () => undefined, patienceMs });
    await probe.within(waitForRead(store), 'a read once there is a quorum');
    expect((await patient.get('/a'))?.value).toEqual({ n: 1 });
  });

  async function waitForRead(store: EtcdStore): Promise<void> {
    for (;;) {
      try {
        await store.get('/a');
        return;
      } catch {
        await clock.sleep(50);
      }
    }
  }

  it('a member that is cut off from the others answers no read, and is left', async () => {
    const store = await open();
    const alone = await open({ endpoints: [servers.endpoints[0]!], ...hasty });
    const changes: StoreChange[] = [];
    store.watch({ prefix: '/', after: await store.head(), onChanges: (told) => changes.push(...told), onError: () => undefined });
    servers.cutOff(0, await memberId(servers.endpoints[0]!));
    const other = await open({ endpoints: servers.endpoints.slice(1) });
    const probe = new StoreProbe({ store: other, dispose: async () => undefined, patienceMs });
    await probe.within(waitForRead(other), 'a leader among the others');
    const [made] = await other.write([{ key: '/a', value: Object.freeze({ n: 1 }), expected: 0 }]);
    expect(made).toMatchObject({ ok: true });
    expect((await store.get('/a'))?.value).toEqual({ n: 1 });
    await expect(alone.get('/a')).rejects.toMatchObject(unreachable);
    await waitUntil(() => changes.length > 0);
    servers.join();
    await probe.within(waitForRead(alone), 'the member that was cut off');
    expect((await alone.get('/a'))?.value).toEqual({ n: 1 });
  });

  it('a history made under faults is linearizable, and its watches keep their guarantees', async () => {
    const store = await open();
    const probe = new StoreProbe({ store, dispose: async () => undefined, patienceMs });
    const history = (): Promise<readonly string[]> =>
      tryHistory(probe, { seed: 11, operations: 400, pause: (random) => clock.sleep(random.integer(40)) });
    expect(await inWeather(servers, new SeededRandom(11), history)).toEqual([]);
  });
});
