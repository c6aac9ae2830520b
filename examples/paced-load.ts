import { Agent, request } from 'node:http';

const beatMs = 50;

/** Requests at a pace that can be changed at any time, whether or not the answers come. */
export class PacedLoad {
  answered = 0;
  failed = 0;
  perSecond = 0;
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  readonly #timer: NodeJS.Timeout;
  readonly #latencies: number[] = [];
  #owed = 0;
  #waiting = 0;

  constructor(url: string) {
    this.#url = url;
    this.#timer = setInterval(() => this.#beat(), beatMs);
  }

  /** The mean of the last hundred answers, in milliseconds. */
  get latencyMs(): number {
    return this.#latencies.reduce((sum, each) => sum + each, 0) / Math.max(1, this.#latencies.length);
  }

  /** Ends after the requests that are on their way. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    while (this.#waiting > 0) await new Promise((resolve) => setTimeout(resolve, beatMs));
    this.#agent.destroy();
  }

  #beat(): void {
    this.#owed += (this.perSecond * beatMs) / 1000;
    for (; this.#owed >= 1; this.#owed--) this.#ask();
  }

  #ask(): void {
    const begun = performance.now();
    this.#waiting++;
    const end = (good: boolean): void => {
      this.#waiting--;
      if (good) this.answered++;
      else this.failed++;
      this.#latencies.push(performance.now() - begun);
      if (this.#latencies.length > 100) this.#latencies.shift();
    };
    let ended = false;
    const once = (good: boolean): void => {
      if (!ended) end(good);
      ended = true;
    };
    const call = request(this.#url, { agent: this.#agent }, (response) => {
      response.resume();
      response.on('end', () => once(response.statusCode === 200));
      response.on('error', () => once(false));
      response.on('close', () => once(false));
    });
    call.on('error', () => once(false));
    call.end();
  }
}
