/** Writes a protobuf message, field by field. Defaults (0, '', false) are left out, as protobuf 3 does. */
export class ProtobufWriter {
  readonly #chunks: Buffer[] = [];

  int(field: number, value: number | bigint): this {
    if (value === 0 || value === 0n) return this;
    this.#varint(field << 3);
    this.#varint(value >= 0 ? value : BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.int(field, value ? 1 : 0);
  }

  bytes(field: number, value: Buffer): this {
    if (value.length > 0) this.#block(field, value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value));
  }

  /** An inner message; written even if it is empty: that it is there may be what it says. */
  message(field: number, value: ProtobufWriter): this {
    this.#block(field, value.finish());
    return this;
  }

  finish(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #block(field: number, value: Buffer): void {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    this.#chunks.push(value);
  }

  #varint(value: number | bigint): void {
    const bytes: number[] = [];
    let wide = typeof value === 'bigint' ? value : 0n;
    for (; wide > 0xffff_ffffn; wide >>= 7n) bytes.push(Number(wide & 0x7fn) | 0x80);
    let rest = typeof value === 'bigint' ? Number(wide) : value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
    this.#chunks.push(Buffer.from(bytes));
  }
}
