import { addressesExhausted } from '../runtime-failure.ts';
import type { PodAddress } from '../runtime.ts';
import type { PodAttachment, PodNetwork, PodNetworkRequest } from './pod-network.ts';
import type { RangeLock } from './range-lock.ts';

/** Every pod has a loopback address of its own: all of 127.0.0.0/8 is there on Linux without asking anybody. */
export class LoopbackNetwork implements PodNetwork {
  readonly cidr: string;
  readonly hostAddress: string;
  readonly #lock: RangeLock;
  readonly #slots = new Map<string, number>();

  constructor(lock: RangeLock) {
    this.#lock = lock;
    this.cidr = lock.range.cidr;
    this.hostAddress = lock.range.gateway;
  }

  attach({ podUid, hostNetwork, previous }: PodNetworkRequest): Promise<PodAttachment> {
    if (hostNetwork) return Promise.resolve(new DirectAttachment(this.hostAddress));
    const { range } = this.#lock;
    const before = previous === undefined ? undefined : range.slotOf(previous.ip);
    const slot = this.#slots.get(podUid) ?? (before !== undefined && range.reserve(previous!.ip) ? before : range.take());
    if (slot === undefined) return Promise.reject(addressesExhausted(this.cidr, { kind: 'Pod', name: podUid }));
    this.#slots.set(podUid, slot);
    return Promise.resolve(new DirectAttachment(range.address(slot)));
  }

  detach(podUid: string): Promise<void> {
    const slot = this.#slots.get(podUid);
    if (slot !== undefined) this.#lock.range.release(slot);
    this.#slots.delete(podUid);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#lock.release();
  }
}

/** A pod that is reached at its own address, on the very ports it listens on. */
export class DirectAttachment implements PodAttachment {
  readonly ip: string;
  readonly bindHost: string;
  readonly mapped = {};

  constructor(ip: string) {
    this.ip = ip;
    this.bindHost = ip;
  }

  bindPort(port: number): number {
    return port;
  }

  reach(port: number): PodAddress {
    return { host: this.ip, port };
  }
}
