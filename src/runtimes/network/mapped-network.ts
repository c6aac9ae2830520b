import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressRange } from '../address-range.ts';
import { addressesExhausted } from '../runtime-failure.ts';
import type { PodAddress } from '../runtime.ts';
import type { PodAttachment, PodNetwork, PodNetworkRequest } from './pod-network.ts';

const host = '127.0.0.1';

/**
 * For machines with one loopback address: every declared port of a pod gets a free port of 127.0.0.1. The pod's address is a name
 * only, unique in the cluster; `podAddress` says how its ports are really reached.
 */
export class MappedNetwork implements PodNetwork {
  readonly cidr: string;
  readonly hostAddress = host;
  readonly #range: AddressRange;
  readonly #pods = new Map<string, PodAttachment>();
  /** Ports that were handed out, listened on or not. */
  readonly #ports = new Set<number>();

  constructor(range: AddressRange) {
    this.#range = range;
    this.cidr = range.cidr;
  }

  async attach({ podUid, hostNetwork, ports, previous }: PodNetworkRequest): Promise<PodAttachment> {
    if (hostNetwork) return new MappedAttachment(host, {});
    const mapped: Record<string, number> = {};
    for (const { port, protocol } of ports) {
      const key = `${protocol}/${port}`;
      mapped[key] = previous?.mapped[key] ?? (await this.#freePort(protocol));
      this.#ports.add(mapped[key]);
    }
    const attachment = this.#pods.get(podUid) ?? this.#give(podUid, mapped, previous?.ip);
    this.#pods.set(podUid, attachment);
    return attachment;
  }

  detach(podUid: string): Promise<void> {
    const attachment = this.#pods.get(podUid);
    if (attachment === undefined) return Promise.resolve();
    const slot = this.#range.slotOf(attachment.ip);
    if (slot !== undefined) this.#range.release(slot);
    for (const port of Object.values(attachment.mapped)) this.#ports.delete(port);
    this.#pods.delete(podUid);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #give(podUid: string, mapped: Readonly<Record<string, number>>, previousIp: string | undefined): PodAttachment {
    if (previousIp !== undefined && this.#range.reserve(previousIp)) return new MappedAttachment(previousIp, mapped);
    const slot = this.#range.take();
    if (slot === undefined) throw addressesExhausted(this.cidr, { kind: 'Pod', name: podUid });
    return new MappedAttachment(this.#range.address(slot), mapped);
  }

  /** A port nobody has now. Another program may take it before the pod does: the pod then fails to start, and is started again. */
  async #freePort(protocol: 'TCP' | 'UDP'): Promise<number> {
    for (;;) {
      const port = protocol === 'UDP' ? await freeUdpPort() : await freeTcpPort();
      if (!this.#ports.has(port)) return port;
    }
  }
}

/** A pod whose declared ports are others on the machine. */
class MappedAttachment implements PodAttachment {
  readonly ip: string;
  readonly bindHost = host;
  readonly mapped: Readonly<Record<string, number>>;

  constructor(ip: string, mapped: Readonly<Record<string, number>>) {
    this.ip = ip;
    this.mapped = mapped;
  }

  bindPort(port: number, protocol: 'TCP' | 'UDP'): number {
    return this.mapped[`${protocol}/${port}`] ?? port;
  }

  reach(port: number, protocol: 'TCP' | 'UDP'): PodAddress {
    return { host, port: this.bindPort(port, protocol) };
  }
}

function freeTcpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

function freeUdpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4').once('error', reject);
    socket.bind(0, host, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}
