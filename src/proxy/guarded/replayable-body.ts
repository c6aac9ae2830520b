import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** Bytes kept for a repetition once a connection stands. */
const maxKept = 65_536;

/** The body of a request, to be sent to one pod after another until one of them has taken a connection. */
export class ReplayableBody {
  readonly #request: IncomingMessage;
  #kept: Buffer[] | undefined = [];
  #keptBytes = 0;
  #ended = false;
  #attempt: Readable | undefined;

  constructor(request: IncomingMessage) {
    this.#request = request;
    request.on('data', (chunk: Buffer) => this.#onData(chunk));
    request.once('end', () => {
      this.#ended = true;
      this.#attempt?.push(null);
    });
    request.pause();
  }

  /** True if all that came in can still be sent from its first byte. */
  get replayable(): boolean {
    return this.#kept !== undefined;
  }

  /** The body from its first byte, for one attempt; the one before gets nothing more. */
  stream(): Readable {
    const request = this.#request;
    const attempt = new Readable({ read: () => void request.resume() });
    for (const chunk of this.#kept ?? []) attempt.push(chunk);
    if (this.#ended) attempt.push(null);
    this.#attempt = attempt;
    return attempt;
  }

  /** A connection stands: keeps no more than a little from now on. */
  letGo(): void {
    if (this.#keptBytes > maxKept) this.#kept = undefined;
  }

  #onData(chunk: Buffer): void {
    this.#kept?.push(chunk);
    this.#keptBytes += chunk.length;
    if (this.#attempt?.push(chunk) === false) this.#request.pause();
  }
}
