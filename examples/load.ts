import { Agent, request } from 'node:http';

/** What the servers of `programs/web.mjs` answer. */
export interface Answer {
  readonly pod: string;
  readonly version: string;
  readonly pid: number;
}

/** Requests without a pause, a few at a time, until `stop`; counts who answered and what failed. */
export class Load {
  readonly answered = new Map<string, number>();
  readonly failures: string[] = [];
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #clients: readonly Promise<void>[];
  #stopping = false;

  constructor(url: string, clients = 4) {
    this.#url = url;
    this.#clients = Array.from({ length: clients }, () => this.#run());
  }

  get total(): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Ends after the requests that are on their way. */
  async stop(): Promise<this> {
    this.#stopping = true;
    await Promise.all(this.#clients);
    this.#agent.destroy();
    return this;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        const { pod } = await ask(this.#url, this.#agent);
        this.answered.set(pod, (this.answered.get(pod) ?? 0) + 1);
      } catch (error) {
        this.failures.push(error instanceof Error ? error.message : String(error));
      }
    }
  }
}

/** One request; rejects if it was refused, cut, or answered with anything but 200. */
export function ask(url: string, agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(url, { ...(agent === undefined ? {} : { agent }) }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as Answer);
        else reject(new Error(`${response.statusCode}: ${text}`));
      });
    });
    call.on('error', reject);
    call.end();
  });
}
