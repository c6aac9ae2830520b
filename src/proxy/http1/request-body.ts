import { BodyScanner } from './body-scanner.ts';
import type { Framing } from './head-lines.ts';

/** The body of a request as it comes in: where it ends, and, as long as that is little, what it was, so that it can be sent again. */
export class RequestBody {
  /** Bytes kept for a repetition once a connection stands. */
  static readonly maxKept = 65_536;
  readonly #scanner: BodyScanner;
  #kept: Buffer[] | undefined = [];
  #keptBytes = 0;

  constructor(framing: Framing) {
    this.#scanner = new BodyScanner(framing);
  }

  /** True once all of it has come in. */
  get complete(): boolean {
    return this.#scanner.done;
  }

  /** What can be sent (again); undefined if some of it was let go. */
  get kept(): readonly Buffer[] | undefined {
    return this.#kept;
  }

  /** True if a client should be asked to wait: nothing takes it off our hands, and there is a lot of it. */
  get full(): boolean {
    return this.#keptBytes > RequestBody.maxKept;
  }

  /** Takes bytes; returns the end of the body's part of them, or -1 if they are malformed. */
  take(bytes: Buffer): number {
    const end = this.#scanner.scan(bytes, 0);
    if (end > 0 && this.#kept !== undefined) {
      this.#kept.push(end === bytes.length ? bytes : bytes.subarray(0, end));
      this.#keptBytes += end;
    }
    return end;
  }

  /** Called when what was taken has been written to a connection that stands: keeps no more than `maxKept`. */
  letGo(): void {
    if (!this.full) return;
    this.#kept = undefined;
    this.#keptBytes = 0;
  }
}
