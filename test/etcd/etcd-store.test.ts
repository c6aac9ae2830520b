import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdStore } from '../../src/stores/etcd-store.ts';
import type { StoreFixture } from '../../src/testing/store-probe.ts';
import { storeSuite } from '../../src/testing/store-suite.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';
import { EtcdServers, hasEtcd } from './etcd-server.ts';

describe.skipIf(!hasEtcd)('the store suite on EtcdStore, one member', () => {
  let servers: EtcdServers;
  let places = 0;
  beforeAll(async () => {
    servers = await EtcdServers.start(1);
  });
  afterAll(() => servers.remove());

  /** A prefix of its own stands for an empty etcd. */
  function etcdFixture(): StoreFixture {
    const prefix = `/test-${places++}`;
    const make = (at = prefix): EtcdStore =>
      new EtcdStore({ endpoints: servers.endpoints, prefix: at, requestTimeoutMs: 60_000, compactionIntervalMs: 0 });
    const elsewhere = (): EtcdStore => make(`/elsewhere-${places}`);
    return { store: make(), again: () => make(), elsewhere, patienceMs, dispose: async () => undefined };
  }

  it.each(storeSuite)('$name', async ({ run }) => {
    await expect(run(etcdFixture)).resolves.toBeUndefined();
  });
});
