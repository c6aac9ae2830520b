import WebSocket from 'ws';

const talkEveryMs = 50;
const answerMsMax = 120_000;
/** The other end goes away, or starts again: whoever can connect anew has lost nothing. */
const politeCloses: ReadonlySet<number> = new Set([1001, 1012]);

/** WebSockets that keep talking, and connect anew when they are told that the other end goes away. Counts what was lost. */
export class SocketLoad {
  readonly #url: string;
  readonly #onFailure: (why: string) => void;
  readonly #conversations: Promise<void>[];
  readonly failures: string[] = [];
  readonly versions = new Set<string>();
  answered = 0;
  reconnects = 0;
  #stopped = false;

  /** @param onFailure Told of each failure as it comes. */
  constructor(url: string, sockets: number, onFailure: (why: string) => void = () => undefined) {
    this.#url = url;
    this.#onFailure = onFailure;
    this.#conversations = Array.from({ length: sockets }, () => this.#keepTalking());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#conversations);
  }

  async #keepTalking(): Promise<void> {
    for (let first = true; !this.#stopped; first = false) {
      if (!first) this.reconnects++;
      const why = await this.#talk().catch((error: Error) => error.message);
      if (why === undefined) continue;
      this.failures.push(why);
      this.#onFailure(why);
    }
  }

  /** One connection, until it ends. Answers with what went wrong. */
  #talk(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#url);
      let asked = 0;
      let heard = 0;
      let timer: NodeJS.Timeout | undefined;
      // For the connection, then for each answer.
      let overdue = setTimeout(() => socket.terminate(), answerMsMax);
      const ask = (): void => {
        clearTimeout(overdue);
        overdue = setTimeout(() => socket.terminate(), answerMsMax);
        if (this.#stopped) socket.close(1000);
        else socket.send(`message ${++asked}`);
      };
      socket.on('open', ask);
      socket.on('message', (data: Buffer) => {
        heard++;
        this.answered++;
        this.versions.add(data.toString().split(' ')[0]!);
        clearTimeout(overdue);
        timer = setTimeout(ask, talkEveryMs);
      });
      socket.on('error', (error) => resolve(error.message));
      socket.on('close', (code) => {
        clearTimeout(timer);
        clearTimeout(overdue);
        if (code === 1000 && this.#stopped) return resolve(undefined);
        // A question that was on its way when the other end said goodbye is asked again on the next connection.
        resolve(politeCloses.has(code) ? undefined : `closed with ${code} after ${heard} answers to ${asked} messages`);
      });
    });
  }
}
