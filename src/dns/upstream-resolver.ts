import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock } from '../env/clock.ts';
import type { SecureRandom } from '../env/random.ts';
import type { NameServerAddress } from './name-server.ts';

/** How a question travels. */
export type Transport = 'udp' | 'tcp';

export interface UpstreamSettings {
  readonly clock: Clock;
  /** Message ids that nobody can guess: who guesses one can answer in another's place. */
  readonly secureRandom: SecureRandom;
  /** Asked one after the other. */
  readonly servers: readonly NameServerAddress[];
  /** How long each is waited for. */
  readonly timeoutMs: number;
}

/** Asks other name servers what the cluster does not know. Each question has a socket and an id of its own. */
export class UpstreamResolver {
  /** Questions under way at most: beyond, they fail at once. */
  static readonly maxPending = 1_000;
  readonly #settings: UpstreamSettings;
  readonly #pending = new Set<() => void>();

  constructor(settings: UpstreamSettings) {
    this.#settings = settings;
  }

  get available(): boolean {
    return this.#settings.servers.length > 0;
  }

  /** The first answer to a message, with the message's own id; undefined if nobody gives one. Never rejects. */
  async ask(message: Buffer, transport: Transport): Promise<Buffer | undefined> {
    if (this.#pending.size >= UpstreamResolver.maxPending) return undefined;
    const query = Buffer.from(message);
    for (const server of this.#settings.servers) {
      query.set(this.#settings.secureRandom.bytes(2), 0);
      const answer = await this.#askOne(server, query, transport);
      if (answer === undefined) continue;
      message.copy(answer, 0, 0, 2);
      return answer;
    }
    return undefined;
  }

  /** Ends what is under way: it has no answer. */
  close(): void {
    for (const end of this.#pending) end();
  }

  #askOne(server: NameServerAddress, query: Buffer, transport: Transport): Promise<Buffer | undefined> {
    const { clock, timeoutMs } = this.#settings;
    return new Promise((resolve) => {
      const end = (answer?: Buffer): void => {
        if (!this.#pending.delete(giveUp)) return;
        timer.cancel();
        close();
        resolve(answer);
      };
      const giveUp = (): void => end();
      const onMessage = (answer: Buffer): void => {
        if (answer.length >= 12 && answer.readUInt16BE(0) === query.readUInt16BE(0)) end(answer);
      };
      this.#pending.add(giveUp);
      const timer = clock.schedule(clock.now() + timeoutMs, giveUp);
      const close = transport === 'udp' ? overUdp(server, query, onMessage, giveUp) : overTcp(server, query, onMessage, giveUp);
    });
  }
}

/** A connected socket hears only the server it asked. */
function overUdp(
  { address, port }: NameServerAddress,
  query: Buffer,
  onMessage: (answer: Buffer) => void,
  onError: () => void,
): () => void {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  let open = true;
  socket.on('error', onError);
  socket.on('message', onMessage);
  socket.connect(port, address, (error?: Error) => {
    if (!open) return;
    if (error === undefined) socket.send(query);
    else onError();
  });
  return () => {
    open = false;
    socket.close();
  };
}

function overTcp(
  { address, port }: NameServerAddress,
  query: Buffer,
  onMessage: (answer: Buffer) => void,
  onError: () => void,
): () => void {
  const socket = connect({ host: address, port, noDelay: true });
  let heard = Buffer.alloc(0);
  socket.on('error', onError);
  socket.once('close', onError);
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    if (heard.length >= 2 && heard.length >= 2 + heard.readUInt16BE(0))
      onMessage(Buffer.from(heard.subarray(2, 2 + heard.readUInt16BE(0))));
  });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.length);
  socket.write(Buffer.concat([length, query]));
  return () => {
    socket.off('close', onError);
    socket.destroy();
  };
}
