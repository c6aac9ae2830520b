import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { hash32 } from '../../env/seeded-random.ts';
import { ConfigurationError } from '../../errors.ts';
import { AddressRange } from '../address-range.ts';

/** Outside the range of ephemeral ports, and of no known service. */
const lockPort = 64_249;
const attempts = 64;

/**
 * A range of loopback addresses that this process alone uses on this machine. Who holds it listens on a fixed port of its first
 * address: the operating system lets go of that whatever happens to the process.
 */
export class RangeLock {
  readonly range: AddressRange;
  readonly #server: Server;

  private constructor(range: AddressRange, server: Server) {
    this.range = range;
    this.#server = server;
  }

  /**
   * Takes a /24 of 127.0.0.0/8: `preferred` if it is free, else one that follows from `identity`.
   *
   * @throws ConfigurationError if none could be had; `undefined` if this machine has no such addresses.
   */
  static async take(identity: string, preferred?: string): Promise<RangeLock | undefined> {
    const candidates = preferred === undefined ? [] : [preferred];
    for (let n = 0; n < attempts; n++) candidates.push(loopbackRange(identity, n));
    for (const cidr of candidates) {
      const range = new AddressRange(cidr);
      const held = await listenOn(range.gateway);
      if (held === 'no-such-address') return undefined;
      if (held !== 'in-use') return new RangeLock(range, held);
    }
    throw new ConfigurationError(
      `no free range of loopback addresses was found in ${attempts} tries: is something listening on port ${lockPort} of every address?`,
    );
  }

  release(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

/** Second bytes that are left alone: the machine's own resolver and name live below 127.0, the ClusterIPs of Services below 127.96. */
const reserved = new Set([0, 96]);

function loopbackRange(identity: string, attempt: number): string {
  const hash = hash32(`${identity}/${attempt}`);
  const second = (hash >>> 8) & 255;
  return `127.${reserved.has(second) ? second + 1 : second}.${hash & 255}.0/24`;
}

function listenOn(host: string): Promise<Server | 'in-use' | 'no-such-address'> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve('in-use');
      else if (error.code === 'EADDRNOTAVAIL') resolve('no-such-address');
      else reject(error);
    });
    // The lock must not keep the host alive.
    server.listen({ host, port: lockPort, exclusive: true }, () => resolve(server.unref()));
  });
}
