type FieldValue = bigint | number | Buffer;

/** A protobuf message that was read: its fields by number, each as often as it came. */
export class ProtobufFields {
  readonly #values: FieldValue[][] = [];

  /** @throws RangeError if the bytes are no message. */
  constructor(bytes: Buffer) {
    let at = 0;
    const varint = (): number | bigint => {
      let value = 0;
      for (let shift = 0; shift < 49; shift += 7) {
        const byte = bytes.readUInt8(at++);
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
      }
      let wide = BigInt(value);
      for (let shift = 49n; ; shift += 7n) {
        const byte = bytes.readUInt8(at++);
        wide |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return BigInt.asIntN(64, wide);
      }
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const wire = tag & 7;
      let value: FieldValue;
      if (wire === 0) value = varint();
      else {
        const length = wire === 2 ? Number(varint()) : wire === 1 ? 8 : wire === 5 ? 4 : Number.NaN;
        if (!(at + length <= bytes.length)) throw new RangeError(`a protobuf field of wire type ${wire} does not fit its message`);
        value = bytes.subarray(at, at + length);
        at += length;
      }
      (this.#values[tag >>> 3] ??= []).push(value);
    }
  }

  int(field: number): number {
    return Number(this.#last(field) ?? 0);
  }

  /** For ids that use all 64 bits. */
  bigint(field: number): bigint {
    const value = this.#last(field) ?? 0;
    return typeof value === 'object' ? 0n : BigInt(value);
  }

  bool(field: number): boolean {
    return this.int(field) !== 0;
  }

  bytes(field: number): Buffer {
    const value = this.#last(field);
    return Buffer.isBuffer(value) ? value : Buffer.alloc(0);
  }

  text(field: number): string {
    return this.bytes(field).toString();
  }

  /** The inner message, or undefined if it was not sent. */
  message(field: number): ProtobufFields | undefined {
    const value = this.#last(field);
    return Buffer.isBuffer(value) ? new ProtobufFields(value) : undefined;
  }

  messages(field: number): readonly ProtobufFields[] {
    return (this.#values[field] ?? []).filter((value) => Buffer.isBuffer(value)).map((value) => new ProtobufFields(value));
  }

  #last(field: number): FieldValue | undefined {
    return this.#values[field]?.at(-1);
  }
}
