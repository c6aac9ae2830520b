import type { Clock, Instant } from '../env/clock.ts';
import type { SecureRandom } from '../env/random.ts';
import type { ObjectChange, StepReport } from '../loop/participant.ts';
import { ClusterZone } from './cluster-zone.ts';
import { DatagramEndpoint } from './datagram-endpoint.ts';
import { decodeQuery, encodeAnswer, encodeQuestion, encodeRefusal, rcodes, recordsOf, type Query } from './message-codec.ts';
import type { NameServer, NameServerAddress, NameServerCounters } from './name-server.ts';
import { StreamEndpoint } from './stream-endpoint.ts';
import { UpstreamResolver, type Transport } from './upstream-resolver.ts';
import { ZoneIndex } from './zone-index.ts';
import type { ZoneAnswer } from './zone-record.ts';

/** What the name server needs and what a host may choose. */
export interface ClusterNameServerOptions {
  readonly clock: Clock;
  /** For the ids of questions to other servers. */
  readonly secureRandom: SecureRandom;
  /** `cluster.local` unless given. */
  readonly zone?: string;
  /** `127.0.0.1` unless given. */
  readonly address?: string;
  /** Any free port unless given. Resolvers of operating systems ask port 53. */
  readonly port?: number;
  /** Where names go that are none of the cluster's; nowhere unless given: they are refused. */
  readonly upstream?: readonly NameServerAddress[];
  /** The namespace of names without one (`web`), for programs without a search path. `default` unless given; null: such names are none of ours. */
  readonly shortNamespace?: string | null;
  /** How long answers may be kept: 5 s unless given, as CoreDNS has it. */
  readonly ttlSeconds?: number;
  /** How long each upstream server is waited for: 2,000 ms unless given. */
  readonly upstreamTimeoutMs?: number;
}

const maxTcpBytes = 65_535;
const firstRetryMs = 1_000;
const lastRetryMs = 60_000;
/** Tries to find a number that is free for UDP and for TCP. */
const portTries = 8;

interface Endpoints {
  readonly udp: DatagramEndpoint;
  readonly tcp: StreamEndpoint;
}

/** Answers DNS questions about the cluster, and passes others on. Everything it opens it owns; `close` leaves nothing. */
export class ClusterNameServer implements NameServer {
  readonly name = 'name-server';
  readonly #options: ClusterNameServerOptions;
  readonly #index = new ZoneIndex();
  readonly #zone: ClusterZone;
  readonly #upstream: UpstreamResolver;
  #endpoints: Endpoints | undefined;
  #binding: Promise<void> | undefined;
  #problem: string | undefined;
  #retryAt: Instant = 0;
  #retryMs = firstRetryMs;
  /** Since the last try, which may have been too early. */
  #nodeCame = false;
  #wake: () => void = () => undefined;
  #closing: Promise<void> | undefined;
  /** Rotates the answers, so that clients which take the first one are spread. */
  #turn = 0;
  readonly #counters = { queries: 0, answered: 0, forwarded: 0, failed: 0 };

  constructor(options: ClusterNameServerOptions) {
    this.#options = options;
    const { clock, secureRandom, zone = 'cluster.local', shortNamespace, upstream = [], upstreamTimeoutMs = 2_000 } = options;
    this.#zone = new ClusterZone(this.#index, {
      zone: zone.toLowerCase().replace(/\.$/, ''),
      shortNamespace: shortNamespace === null ? undefined : (shortNamespace ?? 'default'),
      ownAddress: () => this.address()?.address,
    });
    this.#upstream = new UpstreamResolver({ clock, secureRandom, servers: upstream, timeoutMs: upstreamTimeoutMs });
  }

  start(wake: () => void): void {
    this.#wake = wake;
  }

  onChanges(changes: readonly ObjectChange[]): void {
    for (const change of changes) {
      this.#index.take(change);
      if (change.object.kind === 'Node') this.#tryAgain();
    }
  }

  /** A node brings a network with it, and perhaps the address that could not be bound before it was there. */
  #tryAgain(): void {
    if (this.#endpoints !== undefined) return;
    this.#nodeCame = true;
    this.#retryAt = 0;
    this.#retryMs = firstRetryMs;
    this.#wake();
  }

  step(now: Instant): StepReport {
    let progressed = false;
    if (this.#endpoints === undefined && this.#binding === undefined && this.#retryAt <= now) {
      progressed = true;
      this.#binding = this.#bind(now);
    }
    const waiting = this.#endpoints === undefined && this.#binding === undefined;
    return { inFlight: this.#binding === undefined ? 0 : 1, wakeAt: waiting ? this.#retryAt : undefined, progressed };
  }

  address(): NameServerAddress | undefined {
    return this.#endpoints && { address: this.#options.address ?? '127.0.0.1', port: this.#endpoints.udp.port };
  }

  problem(): string | undefined {
    return this.#problem;
  }

  counters(): NameServerCounters {
    return { ...this.#counters };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#wake = () => undefined;
    await this.#binding;
    this.#upstream.close();
    await Promise.all([this.#endpoints?.udp.close(), this.#endpoints?.tcp.close()]);
    this.#endpoints = undefined;
  }

  async #bind(now: Instant): Promise<void> {
    this.#nodeCame = false;
    try {
      this.#endpoints = await this.#open();
      this.#problem = undefined;
    } catch (error) {
      const { address = '127.0.0.1', port = 0 } = this.#options;
      this.#problem = `${address}:${port} cannot be bound: ${error instanceof Error ? error.message : String(error)}`;
      this.#retryAt = this.#nodeCame ? now : now + this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
    }
    this.#binding = undefined;
    this.#wake();
  }

  async #open(): Promise<Endpoints> {
    const { clock, address = '127.0.0.1', port = 0 } = this.#options;
    for (let tries = 1; ; tries++) {
      const udp = await DatagramEndpoint.open(address, port, (message) => this.#answer(message, 'udp'));
      try {
        return { udp, tcp: await StreamEndpoint.open(address, udp.port, clock, (message) => this.#answer(message, 'tcp')) };
      } catch (error) {
        await udp.close();
        if (port !== 0 || tries === portTries) throw error;
      }
    }
  }

  async #answer(message: Buffer, transport: Transport): Promise<Buffer | undefined> {
    this.#counters.queries++;
    const query = decodeQuery(message);
    if ('drop' in query) {
      this.#counters.failed++;
      return query.drop ? undefined : encodeRefusal(query.id, query.rcode);
    }
    const answer = this.#zone.answer(query.question);
    if (answer === undefined) return this.#forward(message, query, transport);
    this.#counters.answered++;
    const whole = answer.elsewhere === undefined ? answer : await this.#follow(answer, answer.elsewhere, query);
    return this.#encode(query, whole, transport);
  }

  #encode(query: Query, answer: ZoneAnswer, transport: Transport): Buffer {
    const { ttlSeconds = 5 } = this.#options;
    const settings = { ttlSeconds, authority: this.#zone.authority(), recursionAvailable: this.#upstream.available };
    // An alias stays before what it leads to.
    const movable = answer.records.every(({ type }) => type === 'A' || type === 'AAAA');
    const records = movable ? rotated(answer.records, this.#turn++) : answer.records;
    return encodeAnswer(query, { ...answer, records }, settings, transport === 'udp' ? query.udpBytes : maxTcpBytes);
  }

  async #forward(message: Buffer, query: Query, transport: Transport): Promise<Buffer> {
    if (!this.#upstream.available) {
      this.#counters.failed++;
      return encodeRefusal(query.id, rcodes.refused, query);
    }
    const answer = await this.#upstream.ask(message, transport);
    if (answer === undefined) this.#counters.failed++;
    else this.#counters.forwarded++;
    return answer ?? encodeRefusal(query.id, rcodes.serverFailure, query);
  }

  /** An alias to a name outside: its addresses are added, where somebody knows them. */
  async #follow(answer: ZoneAnswer, name: string, { question }: Query): Promise<ZoneAnswer> {
    if (!this.#upstream.available || question.type === 'CNAME') return answer;
    const outside = await this.#upstream.ask(encodeQuestion(0, { name, type: question.type }), 'udp');
    return outside === undefined ? answer : { ...answer, records: [...answer.records, ...recordsOf(outside)] };
  }
}

function rotated<T>(list: readonly T[], by: number): readonly T[] {
  const at = list.length === 0 ? 0 : by % list.length;
  return at === 0 ? list : [...list.slice(at), ...list.slice(0, at)];
}
