import type { Duplex } from 'node:stream';
import { EngineError } from '../../errors.ts';
import type { Clock } from '../../env/clock.ts';
import type { Logger } from '../../env/logger.ts';
import { architectureOf, ensureBuiltInImage } from './built-in-image.ts';
import type { ClusterNetwork } from './cluster-network.ts';
import { labels } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { ListedContainer } from './engine-answers.ts';
import { hasStatus, isUncertain } from './engine-answered.ts';
import type { Engine } from './engine.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { currentOwner, ownedByAnother } from './process-owner.ts';
import { PacketSplitter } from './packet-splitter.ts';
import type { PacketPort, PacketSwitch } from './packet-switch.ts';
import { relayProgram } from './relay-program.ts';

/** How long to wait before the relay is made again, the longer the more often it has failed. */
const pausesMs = [100, 500, 1000, 2000, 5000];
/** What may wait for an engine, in bytes: beyond that packets are dropped, and TCP sends less. */
const queueBytesMax = 2 ** 20;
/** How often the relay is asked for a sign of life. Its program ends after 30 s without. */
const beatMs = 3000;
const unansweredMax = 5;
/** So often what may pass is tried before whoever waits for the relay is told that there is none. */
const firstTriesMax = 3;
const signOfLife = Buffer.alloc(2);
const saidMax = 500;

export interface RelayLinkParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The engine's processor, in its words. */
  readonly architecture: string;
  readonly network: ClusterNetwork;
  /** What the container is marked with. */
  readonly labels: Labels;
  readonly packets: PacketSwitch;
}

/**
 * Keeps a relay on an engine: a container in the cluster's network whose program copies packets between that and the connection it is
 * attached to. It ends with the connection, also if this process is killed; while this is open it is made again after every end.
 */
export class RelayLink implements PacketPort {
  readonly #parts: RelayLinkParts;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #connection: Duplex | undefined;
  #up = false;
  #unanswered = 0;
  #corked = false;
  #reason = 'it has not started yet';

  constructor(parts: RelayLinkParts) {
    this.#parts = parts;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Why it is not up. */
  get reason(): string {
    return this.#reason;
  }

  has(address: number): boolean {
    return this.#parts.network.addresses.has(address);
  }

  /** Resolves once it is up; rejects if the first attempt is refused, or the first few fail. Either way it is tried again until `close`. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#running = this.#keep(resolve, reject);
    });
  }

  send(packets: Buffer): void {
    const connection = this.#connection;
    if (!this.#up || connection === undefined || connection.writableLength > queueBytesMax) return;
    // What one turn brings goes in one call of the kernel.
    if (!this.#corked) {
      this.#corked = true;
      connection.cork();
      process.nextTick(() => {
        this.#corked = false;
        connection.uncork();
      });
    }
    connection.write(packets);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #keep(onUp: () => void, onFailure: (error: unknown) => void): Promise<void> {
    const { signal } = this.#stop;
    const { clock, logger, network } = this.#parts;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#carry(() => {
          failures = 0;
          this.#up = true;
          logger.info({ network: network.name }, 'the relay is up');
          onUp();
        });
      } catch (error) {
        this.#reason = (error as Error).message;
        if (this.#up && !signal.aborted) logger.warn({ network: network.name, error: this.#reason }, 'the relay is down: it is made again');
        this.#up = false;
        if (!mayPass(error) || failures >= firstTriesMax - 1) onFailure(error);
      }
      await clock.sleep(pausesMs[Math.min(failures, pausesMs.length - 1)]!, signal).catch(() => undefined);
    }
    // One whose making was not answered.
    await this.#clear().catch(() => undefined);
  }

  /** One life of the container. Rejects with what ended it. */
  async #carry(onUp: () => void): Promise<never> {
    const { engine } = this.#parts;
    const { signal } = this.#stop;
    const path = `/containers/${await this.#make(signal)}`;
    const query = { stream: true, stdin: true, stdout: true, stderr: true };
    const life = new AbortController();
    try {
      const connection = await engine.hijack('attach to the relay', { method: 'POST', path: `${path}/attach`, query }, { signal });
      const end = (): void => void connection.destroy();
      signal.addEventListener('abort', end, { once: true });
      // What happens to it is told to whoever reads it.
      connection.on('error', () => undefined);
      try {
        this.#connection = connection;
        await engine.json('start the relay', { method: 'POST', path: `${path}/start` }, { signal, timeoutMs: 20_000 });
        void this.#beat(connection, life.signal);
        return await this.#pump(connection, onUp);
      } finally {
        signal.removeEventListener('abort', end);
        this.#connection = undefined;
        connection.destroy();
      }
    } finally {
      life.abort();
      await engine.json('remove the relay', { method: 'DELETE', path, query: { force: true, v: true } }).catch(() => undefined);
    }
  }

  /** Hands on what comes. The first that does says that the program has done what it does at its start. */
  async #pump(connection: Duplex, onUp: () => void): Promise<never> {
    const { packets, network } = this.#parts;
    const [frames, splitter] = [new FrameDecoder(), new PacketSplitter()];
    let said = '';
    let isUp = false;
    for await (const chunk of connection as AsyncIterable<Uint8Array>) {
      for (const { stream, data } of frames.decode(chunk)) {
        const bytes = Buffer.from(data.buffer, data.byteOffset, data.length);
        if (stream === 'stderr') said = (said + bytes.toString()).slice(0, saidMax);
        else {
          this.#unanswered = 0;
          if (!isUp) onUp();
          isUp = true;
          packets.deliver(network.slice, splitter.take(bytes));
        }
      }
    }
    throw new Error(said === '' ? 'its container has ended' : `its program says: ${said.trim()}`);
  }

  async #beat(connection: Duplex, signal: AbortSignal): Promise<void> {
    this.#unanswered = 0;
    for (; !signal.aborted; this.#unanswered++) {
      if (this.#unanswered > unansweredMax) connection.destroy(new Error(`it has not answered for ${(beatMs * unansweredMax) / 1000} s`));
      else connection.write(signOfLife);
      await this.#parts.clock.sleep(beatMs, signal).catch(() => undefined);
    }
  }

  /** Makes the container, and takes away what is left of others. Returns its id. */
  async #make(signal: AbortSignal): Promise<string> {
    const { engine, network, architecture, labels: its } = this.#parts;
    await this.#clear(signal);
    await network.ensure();
    const program = Buffer.from(relayProgram[architectureOf(architecture)], 'hex');
    const image = await ensureBuiltInImage(engine, { name: 'relay', architecture: architectureOf(architecture), program });
    const body = relayBody(image, network, its);
    const request = { method: 'POST', path: '/containers/create', query: { name: network.name }, body } as const;
    // Not given up: an engine that has begun makes it all the same.
    return (await engine.json<{ readonly Id: string }>('create the relay', request, { timeoutMs: 20_000 })).Id;
  }

  /** One that runs and is another process's is that one's, unless that is known to have died: it ends with its owner, a moment later. */
  async #clear(signal?: AbortSignal): Promise<void> {
    const { engine, labels: its } = this.#parts;
    const call = signal === undefined ? {} : { signal };
    const label = [labels.role, labels.cluster].map((key) => `${key}=${its[key]}`);
    const query = { all: true, filters: JSON.stringify({ label }) };
    const found = await engine.json<readonly ListedContainer[]>('list relays', { method: 'GET', path: '/containers/json', query }, call);
    for (const { Id, State, Labels } of found) {
      const isOurs = [labels.ownerPid, labels.ownerStart, labels.ownerHost].every((key) => Labels?.[key] === its[key]);
      const hasDied = Labels?.[labels.ownerHost] === its[labels.ownerHost] && !ownedByAnother(Labels ?? {}, currentOwner());
      if (State === 'running' && !isOurs && !hasDied)
        throw new Error(`process ${Labels?.[labels.ownerPid]} on ${Labels?.[labels.ownerHost]} has the cluster's relay on this engine`);
      await engine
        .json('remove a relay', { method: 'DELETE', path: `/containers/${Id}`, query: { force: true, v: true } }, call)
        .catch((error: unknown) => {
          if (!hasStatus(error, 404, 409)) throw error;
        });
    }
  }
}

/** Who waits for the relay waits no longer for an engine that does not answer at all. */
const mayPass = (error: unknown): boolean => error instanceof EngineError && isUncertain(error);

/** The engine's words for the container: in a network of its own it may change that, and nothing else. */
function relayBody(image: string, network: ClusterNetwork, itsLabels: Labels): object {
  const { name, cidr, addresses } = network;
  return {
    ...{ Image: image, Labels: itsLabels, Cmd: [cidr, addresses.cidr] },
    ...{ OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true },
    Healthcheck: { Test: ['NONE'] },
    NetworkingConfig: { EndpointsConfig: { [name]: { IPAMConfig: { IPv4Address: addresses.gateway } } } },
    HostConfig: {
      NetworkMode: name,
      AutoRemove: true,
      ...{ CapDrop: ['ALL'], CapAdd: ['NET_ADMIN'], SecurityOpt: ['no-new-privileges'], ReadonlyRootfs: true },
      Devices: [{ PathOnHost: '/dev/net/tun', PathInContainer: '/dev/net/tun', CgroupPermissions: 'rw' }],
      Sysctls: { 'net.ipv4.ip_forward': '1', 'net.ipv4.conf.all.proxy_arp': '1' },
      LogConfig: { Type: 'none' },
      RestartPolicy: { Name: 'no' },
    },
  };
}
