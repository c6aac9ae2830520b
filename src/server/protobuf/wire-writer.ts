/** Puts a protobuf message together. Source: https://protobuf.dev/programming-guides/encoding/ */
export class WireWriter {
  readonly #parts: Buffer[] = [];

  /** A text or a message; undefined is left out. */
  bytes(number: number, value: string | WireWriter | undefined): this {
    if (value === undefined) return this;
    const body = typeof value === 'string' ? Buffer.from(value) : value.finish();
    this.#parts.push(varint(number * 8 + 2), varint(body.length), body);
    return this;
  }

  /** False is left out. */
  flag(number: number, value: boolean | undefined): this {
    if (value === true) this.#parts.push(varint(number * 8), varint(1));
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
