import { Agent, request } from 'node:http';

/** Sends requests at a steady rate over kept-alive connections, and counts how they ended. */
export class Load {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #timer: NodeJS.Timeout;
  readonly #open = new Set<Promise<void>>();
  readonly failures: string[] = [];
  readonly answers = new Map<string, number>();
  sent = 0;

  constructor(url: string, perSecond: number) {
    this.#url = url;
    const perTick = Math.max(1, Math.round(perSecond / 200));
    this.#timer = setInterval(() => {
      for (let i = 0; i < perTick; i++) this.#send();
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
      const failed = (why: string): void => {
        this.failures.push(why);
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
