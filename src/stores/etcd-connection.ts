import type * as GrpcModule from '@grpc/grpc-js';
import type { ChannelCredentials, Client, ClientDuplexStream, Metadata } from '@grpc/grpc-js';
import type { Clock } from '../env/clock.ts';
import { ClosedError, ConfigurationError, StoreError } from '../errors.ts';
import { grpcStatus, isConnectionTrouble, isStaleToken, storeErrorOf, type GrpcError } from './etcd-errors.ts';
import { decodeToken, encodeAuthenticate, etcdMethods } from './etcd-messages.ts';

export interface EtcdTls {
  /** The certificate authority of the servers, PEM; the system's if absent. */
  readonly ca?: string;
  /** The client's certificate and key, PEM. */
  readonly cert?: string;
  readonly key?: string;
  /** The name in the servers' certificates, if it is not the one in the endpoint. */
  readonly serverName?: string;
}

export interface EtcdConnectionOptions {
  /** `http://host:port` or `https://host:port`; the next one is tried when one fails. */
  readonly endpoints: readonly string[];
  readonly tls?: EtcdTls;
  readonly user?: string;
  readonly password?: string;
  /** How long a request may take, failover included. */
  readonly requestTimeoutMs: number;
  /** After so much silence on a connection with a watch the server is asked for a sign of life. */
  readonly keepAliveMs: number;
  /** How long it has for its answer. */
  readonly keepAliveTimeoutMs: number;
  readonly clock: Clock;
}

type Grpc = typeof GrpcModule;
export type EtcdStream = ClientDuplexStream<Buffer, Buffer>;

/** The pause before the endpoints are tried once more. */
const retryPauseMs = 100;
const same = (bytes: Buffer): Buffer => bytes;

/** Calls to one of several etcd servers; changes to the next when one fails or stands still. The only file that knows gRPC. */
export class EtcdConnection {
  readonly #grpc: Grpc;
  readonly #options: EtcdConnectionOptions;
  readonly #turns = new Set<() => void>();
  #client: Client;
  #endpoint = 0;
  #token: Promise<string> | undefined;
  #closed = false;

  private constructor(grpc: Grpc, options: EtcdConnectionOptions) {
    this.#grpc = grpc;
    this.#options = options;
    this.#client = this.#newClient();
  }

  /** @throws ConfigurationError if an endpoint cannot be understood, or gRPC is not installed. */
  static async open(options: EtcdConnectionOptions): Promise<EtcdConnection> {
    if (options.endpoints.length === 0) throw new ConfigurationError('endpoints: expected at least one, such as http://127.0.0.1:2379');
    for (const endpoint of options.endpoints) {
      if (!/^https?:\/\/[^/]+$/.test(endpoint))
        throw new ConfigurationError(`endpoints: expected http://host:port or https://host:port, got ${endpoint}`);
    }
    const grpc = await import('@grpc/grpc-js').catch((cause: unknown) => {
      throw new ConfigurationError("the etcd store needs the package '@grpc/grpc-js'", { cause });
    });
    return new EtcdConnection(grpc, options);
  }

  /**
   * One request and its answer. With `repeat`, a request that may have reached a server that then failed is sent again, to
   * the next; without, its outcome is unknown and it rejects.
   */
  async call(method: string, request: Buffer, options: { readonly repeat: boolean; readonly what: string }): Promise<Buffer> {
    const { clock, requestTimeoutMs, endpoints } = this.#options;
    const deadline = clock.now() + requestTimeoutMs;
    // A server that stands still must leave time to ask another.
    const attemptMs = options.repeat && endpoints.length > 1 ? requestTimeoutMs / 3 : requestTimeoutMs;
    let renewed = false;
    for (let attempt = 1; ; attempt++) {
      const client = this.#client;
      const until = Math.min(deadline, clock.now() + attemptMs);
      try {
        await this.#ready(client, Math.min(until, clock.now() + requestTimeoutMs / 3));
      } catch (error) {
        if (this.#closed) throw new ClosedError('the etcd store');
        this.turn(client);
        if (clock.now() >= deadline)
          throw storeErrorOf(error as GrpcError, `${options.what}: no endpoint answers (${endpoints.join(', ')})`);
        if (attempt % endpoints.length === 0) await clock.sleep(retryPauseMs);
        continue;
      }
      try {
        return await this.#unary(client, method, request, until);
      } catch (thrown) {
        const error = thrown as GrpcError;
        if (this.#closed) throw new ClosedError('the etcd store');
        if (thrown instanceof StoreError) throw thrown;
        if (isStaleToken(error) && !renewed && this.#options.user !== undefined) {
          renewed = true;
          this.#token = undefined;
          continue;
        }
        if (!isConnectionTrouble(error)) throw error;
        this.turn(client);
        if (!options.repeat || clock.now() >= deadline)
          throw storeErrorOf(error, options.repeat ? options.what : `${options.what}: the outcome is unknown`);
        if (attempt % endpoints.length === 0) await clock.sleep(retryPauseMs);
      }
    }
  }

  /** A stream of messages; it ends with an error when its server has lost the quorum. */
  async stream(method: string): Promise<{ readonly stream: EtcdStream; readonly client: Client }> {
    const { clock, requestTimeoutMs } = this.#options;
    const client = this.#client;
    try {
      await this.#ready(client, clock.now() + requestTimeoutMs / 3);
      const metadata = await this.#metadata(client, clock.now() + requestTimeoutMs / 3);
      metadata.set('hasleader', 'true');
      return { stream: client.makeBidiStreamRequest(method, same, same, metadata), client };
    } catch (error) {
      this.turn(client);
      throw error;
    }
  }

  /** Leaves `failed` for the next endpoint, if it is still the one in use. Streams that run on it are told. */
  turn(failed: Client): void {
    if (this.#closed || failed !== this.#client) return;
    this.#endpoint = (this.#endpoint + 1) % this.#options.endpoints.length;
    // Whoever comes next may not know it.
    this.#token = undefined;
    this.#client = this.#newClient();
    // Requests under way on it may still be answered.
    failed.close();
    for (const listener of this.#turns) listener();
  }

  /** Calls `listener` whenever the endpoint has changed; returns how to stop that. */
  onTurn(listener: () => void): () => void {
    this.#turns.add(listener);
    return () => this.#turns.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#turns.clear();
    this.#client.close();
  }

  #newClient(): Client {
    const { tls, keepAliveMs, keepAliveTimeoutMs, endpoints } = this.#options;
    const endpoint = endpoints[this.#endpoint]!;
    return new this.#grpc.Client(endpoint.replace(/^https?:\/\//, ''), this.#credentials(endpoint), {
      'grpc.keepalive_time_ms': keepAliveMs,
      'grpc.keepalive_timeout_ms': keepAliveTimeoutMs,
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': retryPauseMs,
      ...(tls?.serverName === undefined
        ? {}
        : { 'grpc.ssl_target_name_override': tls.serverName, 'grpc.default_authority': tls.serverName }),
    });
  }

  #credentials(endpoint: string): ChannelCredentials {
    const { credentials } = this.#grpc;
    if (endpoint.startsWith('http:')) return credentials.createInsecure();
    const { ca, cert, key } = this.#options.tls ?? {};
    const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
    return credentials.createSsl(pem(ca), pem(key), pem(cert));
  }

  /** Resolves when the connection stands; rejects as soon as it fails, instead of waiting for it to be tried again. */
  #ready(client: Client, until: number): Promise<void> {
    const channel = client.getChannel();
    const { READY, TRANSIENT_FAILURE, SHUTDOWN } = this.#grpc.connectivityState;
    const trouble = (details: string): GrpcError => Object.assign(new Error(details), { code: grpcStatus.unavailable, details });
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const state = channel.getConnectivityState(true);
        if (state === READY) resolve();
        else if (state === TRANSIENT_FAILURE || state === SHUTDOWN) reject(trouble('the connection failed'));
        else
          channel.watchConnectivityState(state, until, (error) =>
            error === undefined ? look() : reject(trouble('the connection was not made in time')),
          );
      };
      look();
    });
  }

  async #unary(client: Client, method: string, request: Buffer, until: number): Promise<Buffer> {
    return this.#send(client, method, request, await this.#metadata(client, until), until);
  }

  #send(client: Client, method: string, request: Buffer, metadata: Metadata, until: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(method, same, same, request, metadata, { deadline: until }, (error, answer) => {
        if (error !== null) reject(error);
        else resolve(answer!);
      });
    });
  }

  /** What every request carries: the user's token. */
  async #metadata(client: Client, until: number): Promise<Metadata> {
    const metadata = new this.#grpc.Metadata();
    const { user, password } = this.#options;
    if (user === undefined) return metadata;
    this.#token ??= this.#send(
      client,
      etcdMethods.authenticate,
      encodeAuthenticate(user, password ?? ''),
      new this.#grpc.Metadata(),
      until,
    ).then(decodeToken);
    try {
      metadata.set('token', await this.#token);
      return metadata;
    } catch (error) {
      this.#token = undefined;
      if (isConnectionTrouble(error as GrpcError)) throw error;
      throw storeErrorOf(error as GrpcError, `user '${user}'`);
    }
  }
}
