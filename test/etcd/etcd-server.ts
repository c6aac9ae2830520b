import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** True if there is an etcd to test with. In CI there must be one. */
export const hasEtcd = ((): boolean => {
  const found = spawnSync('etcd', ['--version']).status === 0;
  if (!found) console.warn('*** No etcd on this machine: the tests of the etcd store DO NOT RUN (apt-get install etcd-server). ***');
  return found || process.env['CI'] === 'true';
})();

/** Free now; somebody else could take it before etcd does, which then says so and ends. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** One etcd process with a directory of its own. */
export class EtcdMember {
  readonly endpoint: string;
  readonly peer: string;
  readonly directory: string;
  readonly #name: string;
  readonly #extra: readonly string[];
  #process: ChildProcess | undefined;

  constructor(name: string, ports: readonly [number, number], extra: readonly string[] = [], scheme = 'http') {
    this.#name = name;
    this.#extra = extra;
    this.endpoint = `${scheme}://127.0.0.1:${ports[0]}`;
    this.peer = `http://127.0.0.1:${ports[1]}`;
    this.directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'coxswain-etcd-'));
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get cluster(): string {
    return `${this.#name}=${this.peer}`;
  }

  /** Starts it, for the first time or again; it may not answer yet. */
  start(cluster = this.cluster): void {
    const args = [
      '--name',
      this.#name,
      '--data-dir',
      this.directory,
      '--listen-client-urls',
      this.endpoint,
      '--advertise-client-urls',
      this.endpoint,
    ];
    args.push(
      '--listen-peer-urls',
      this.peer,
      '--initial-advertise-peer-urls',
      this.peer,
      '--initial-cluster',
      cluster,
      '--logger',
      'zap',
      '--log-level',
      'fatal',
    );
    this.#process = spawn('etcd', [...args, ...this.#extra], { stdio: 'ignore' });
  }

  /** SIGSTOP and SIGCONT take effect at once; after SIGKILL and SIGTERM it is gone when this resolves. */
  async signal(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const running = this.#process;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const exited = once(running, 'exit');
    running.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await exited;
  }

  async remove(): Promise<void> {
    await this.signal('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Several members on the loopback that form one cluster. */
export class EtcdServers {
  readonly members: readonly EtcdMember[];

  private constructor(members: readonly EtcdMember[]) {
    this.members = members;
  }

  static async start(count: number, extra: readonly string[] = [], scheme = 'http'): Promise<EtcdServers> {
    const members: EtcdMember[] = [];
    for (let n = 0; n < count; n++) members.push(new EtcdMember(`m${n}`, [await freePort(), await freePort()], extra, scheme));
    const servers = new EtcdServers(members);
    for (const member of members) member.start(servers.cluster);
    return servers;
  }

  get endpoints(): readonly string[] {
    return this.members.map((member) => member.endpoint);
  }

  get cluster(): string {
    return this.members.map((member) => member.cluster).join(',');
  }

  async remove(): Promise<void> {
    await Promise.all(this.members.map((member) => member.remove()));
  }
}
