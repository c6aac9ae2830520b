import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerProxy } from './peer-proxy.ts';

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

export interface EtcdOptions {
  /** More arguments for etcd. */
  readonly extra?: readonly string[];
  readonly scheme?: 'http' | 'https';
  /** Where its data lie; in memory unless given, where that is possible. */
  readonly under?: string;
}

/** One etcd process with a directory of its own. */
export class EtcdMember {
  readonly endpoint: string;
  readonly peer: string;
  readonly directory: string;
  readonly #name: string;
  readonly #extra: readonly string[];
  readonly #listenPeer: string;
  #process: ChildProcess | undefined;

  /** `advertisedPort` is where the other members look for it, if that is not its own port. */
  constructor(name: string, ports: readonly [number, number], options: EtcdOptions = {}, advertisedPort = ports[1]) {
    this.#name = name;
    this.#extra = options.extra ?? [];
    this.endpoint = `${options.scheme ?? 'http'}://127.0.0.1:${ports[0]}`;
    this.#listenPeer = `http://127.0.0.1:${ports[1]}`;
    this.peer = `http://127.0.0.1:${advertisedPort}`;
    this.directory = mkdtempSync(join(options.under ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir()), 'coxswain-etcd-'));
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
      this.#listenPeer,
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
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') {
      running.kill(signal);
      return;
    }
    const exited = once(running, 'exit');
    running.kill(signal);
    await exited;
  }

  async remove(): Promise<void> {
    await this.signal('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Several members on the loopback that form one cluster. */
export class EtcdServers {
  readonly members: readonly EtcdMember[];

  readonly #proxies: readonly PeerProxy[];

  private constructor(members: readonly EtcdMember[], proxies: readonly PeerProxy[]) {
    this.members = members;
    this.#proxies = proxies;
  }

  static async start(count: number, options: EtcdOptions = {}): Promise<EtcdServers> {
    const members: EtcdMember[] = [];
    const proxies: PeerProxy[] = [];
    for (let n = 0; n < count; n++) {
      const ports = [await freePort(), await freePort()] as const;
      if (count > 1) proxies.push(await PeerProxy.open(() => ports[1]));
      members.push(new EtcdMember(`m${n}`, ports, options, proxies[n]?.port));
    }
    const servers = new EtcdServers(members, proxies);
    for (const member of members) member.start(servers.cluster);
    return servers;
  }

  /** Cuts one member off from the others, both ways; clients still reach it. `id` is its member id in hexadecimal. */
  cutOff(index: number, id: string): void {
    for (const [n, proxy] of this.#proxies.entries()) proxy.cut((from) => n === index || from === id);
  }

  /** All members reach each other again. */
  join(): void {
    for (const proxy of this.#proxies) proxy.cut(() => false);
  }

  get endpoints(): readonly string[] {
    return this.members.map((member) => member.endpoint);
  }

  get cluster(): string {
    return this.members.map((member) => member.cluster).join(',');
  }

  async remove(): Promise<void> {
    await Promise.all(this.members.map((member) => member.remove()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }
}
