import type { LogChunk } from '../../api/streams.ts';

const newline = 10;

/** Puts the time at which it came before every line of a log. Lines that come in pieces are put together first. */
export class LogStamper {
  readonly #begun = new Map<LogChunk['stream'], { readonly atMs: number; readonly parts: Uint8Array[] }>();

  stamp({ stream, atMs, data }: LogChunk): Buffer {
    const lines: Uint8Array[] = [];
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      const begun = this.#begun.get(stream);
      this.#begun.delete(stream);
      lines.push(prefix(begun?.atMs ?? atMs), ...(begun?.parts ?? []), data.subarray(start, end + 1));
      start = end + 1;
    }
    if (start < data.length) {
      const begun = this.#begun.get(stream) ?? { atMs, parts: [] };
      begun.parts.push(data.subarray(start));
      this.#begun.set(stream, begun);
    }
    return Buffer.concat(lines);
  }

  /** What stands without the end of its line when the log is over. */
  rest(): Buffer {
    return Buffer.concat([...this.#begun.values()].flatMap(({ atMs, parts }) => [prefix(atMs), ...parts]));
  }
}

/** As Go writes RFC 3339 with nanoseconds; the clock knows milliseconds. */
const prefix = (atMs: number): Buffer => Buffer.from(`${new Date(atMs).toISOString().replace('Z', '000000Z')} `);
