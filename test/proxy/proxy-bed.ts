import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { ManualClock } from '../../src/env/manual-clock.ts';
import type { UserspaceServiceProxyOptions } from '../../src/proxy/userspace-options.ts';
import { UserspaceServiceProxy } from '../../src/proxy/userspace-service-proxy.ts';
import { ProxyProbe } from '../../src/testing/proxy-probe.ts';
import type { ProxyPod } from '../../src/testing/proxy-pods.ts';
import { patienceMs } from '../runtimes/suite-patience.ts';

export const engines = ['direct', 'http-proxy'] as const;

/** A probe around the userspace proxy with options of the test's own. */
export class ProxyBed extends ProxyProbe {
  /** The proxy's clock, if the test wanted one that it moves itself. */
  readonly manual: ManualClock | undefined;

  constructor(options: Partial<UserspaceServiceProxyOptions> = {}) {
    const { clock } = options;
    super({
      make: (host) => new UserspaceServiceProxy({ ...host, ...options }),
      ...(clock !== undefined && { clock }),
      patienceMs,
      dispose: async () => undefined,
    });
    this.manual = clock instanceof ManualClock ? clock : undefined;
  }

  /** Moves the manual clock and does what falls due. */
  pass(ms: number): void {
    const { manual } = this;
    if (manual === undefined) throw new Error('the bed has no manual clock');
    manual.moveTo(manual.now() + ms);
    manual.fireDue();
  }
}

/** Runs `body` on a bed and takes the bed down, whatever happens. */
export async function withBed(options: Partial<UserspaceServiceProxyOptions>, body: (bed: ProxyBed) => Promise<void>): Promise<void> {
  const bed = new ProxyBed(options);
  try {
    await body(bed);
  } finally {
    await bed.dispose();
  }
}

/** A pod that is scripted byte by byte: `onConnection` is called with each connection. */
export class RawPod implements ProxyPod {
  readonly name: string;
  readonly uid: string;
  readonly seen: string[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  #port = 0;

  constructor(name: string, onData: (socket: Socket, text: string, pod: RawPod) => void) {
    this.name = name;
    this.uid = `pod-${name}`;
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        const text = data.toString('latin1');
        this.seen.push(text);
        onData(socket, text, this);
      });
    });
  }

  get port(): number {
    return this.#port;
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  kill(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => {
      if (this.#server.listening) this.#server.close(() => resolve());
      else resolve();
    });
  }
}

/** A bed with one scripted pod behind `web`; returns the Service's port. */
export async function rawService(
  bed: ProxyBed,
  onData: (socket: Socket, text: string, pod: RawPod) => void,
): Promise<{ readonly pod: RawPod; readonly port: number; readonly close: () => Promise<void> }> {
  const pod = await new RawPod('raw', onData).open();
  bed.service();
  bed.endpoints([pod]);
  return { pod, port: await bed.port(), close: () => pod.kill() };
}
