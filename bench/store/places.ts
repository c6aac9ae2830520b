import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdStore } from '../../src/stores/etcd-store.ts';
import { LmdbStore } from '../../src/stores/lmdb-store.ts';
import { EtcdServers } from '../../test/etcd/etcd-server.ts';

/** A directory for one figure; all of them lie on the same disk. */
export class Places {
  readonly directory = mkdtempSync(join(tmpdir(), 'coxswain-bench-'));
  lmdb: LmdbStore | undefined;
  etcd: EtcdStore | undefined;
  #servers: EtcdServers | undefined;

  async openLmdb(): Promise<LmdbStore> {
    this.lmdb = new LmdbStore({ path: join(this.directory, 'lmdb') });
    await this.lmdb.open();
    return this.lmdb;
  }

  async openEtcd(): Promise<EtcdStore> {
    this.#servers = await EtcdServers.start(1, { under: this.directory });
    this.etcd = new EtcdStore({ endpoints: this.#servers.endpoints, requestTimeoutMs: 60_000, compactionIntervalMs: 0 });
    await this.etcd.open();
    return this.etcd;
  }

  async close(): Promise<void> {
    await this.lmdb?.close();
    await this.etcd?.close();
    await this.#servers?.remove();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
