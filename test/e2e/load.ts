import { Agent, request } from 'node:http';

/** So many requests at most are sent at the same moment. */
const burstMax = 100;

/** Sends requests at a steady rate over kept-alive connections, and counts how they ended. */
export class Load {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #timer: NodeJS.Timeout;
  readonly #onFailure: (why: string) => void;
  readonly #open = new Set<Promise<void>>();
  readonly failures: string[] = [];
  readonly answers = new Map<string, number>();
  sent = 0;

  /** @param onFailure Told of each failure as it comes. */
  constructor(url: string, perSecond: number, onFailure: (why: string) => void = () => undefined) {
    this.#url = url;
    this.#onFailure = onFailure;
    const start = performance.now();
    let due = 0;
    this.#timer = setInterval(() => {
      // By the clock, so that a busy machine does not make it a lighter load; what it could not send for a while is not made up at once.
      const before = due;
      due = Math.floor(((performance.now() - start) * perSecond) / 1000);
      for (let i = 0; i < Math.min(due - before, burstMax); i++) this.#send();
    }, 5);
  }

  /** Stops sending, and resolves when everything sent has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    this.#agent.destroy();
  }

  #send(): void {
    this.sent++;
    const done = new Promise<void>((resolve) => {
      const begun = performance.now();
      const failed = (what: string): void => {
        const why = `${what} (${sent.reusedSocket ? 'a kept' : 'a new'} connection, after ${Math.round(performance.now() - begun)} ms)`;
        this.failures.push(why);
        this.#onFailure(why);
        resolve();
      };
      const sent = request(this.#url, { agent: this.#agent }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('error', (error) => failed(error.message));
        response.on('end', () => {
          if (response.statusCode !== 200) return failed(`status ${response.statusCode}: ${body}`);
          this.answers.set(body, (this.answers.get(body) ?? 0) + 1);
          resolve();
        });
      });
      sent.on('error', (error) => failed(error.message));
      sent.end();
    });
    this.#open.add(done);
    void done.finally(() => this.#open.delete(done));
  }
}
