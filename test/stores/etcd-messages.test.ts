import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRange, decodeWatch, encodeRange, encodeTxn, encodeWatch, endOfPrefix } from '../../src/stores/etcd-messages.ts';
import { ProtobufFields } from '../../src/stores/protobuf-fields.ts';
import { ProtobufWriter } from '../../src/stores/protobuf-writer.ts';

describe('protobuf', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.string(),
        fc.uint8Array(),
        fc.boolean(),
        (int, wide, text, bytes, bool) => {
          const inner = new ProtobufWriter().text(1, text).bool(31, bool);
          const written = new ProtobufWriter()
            .int(1, int)
            .int(2, wide)
            .text(3, text)
            .bytes(4, Buffer.from(bytes))
            .message(5, inner)
            .message(5, inner)
            .finish();
          const fields = new ProtobufFields(written);
          expect([fields.int(1), fields.bigint(2), fields.text(3), [...fields.bytes(4)]]).toEqual([int, wide, text, [...bytes]]);
          expect(fields.messages(5).map((message) => [message.text(1), message.bool(31)])).toEqual([
            [text, bool],
            [text, bool],
          ]);
          expect([fields.int(9), fields.text(9), fields.message(9), fields.messages(9)]).toEqual([0, '', undefined, []]);
        },
      ),
    );
  });

  it('is byte for byte what the format says', () => {
    // The examples of https://protobuf.dev/programming-guides/encoding/
    expect(new ProtobufWriter().int(1, 150).finish().toString('hex')).toBe('089601');
    expect(new ProtobufWriter().text(2, 'testing').finish().toString('hex')).toBe('120774657374696e67');
    expect(new ProtobufWriter().message(3, new ProtobufWriter().int(1, 150)).finish().toString('hex')).toBe('1a03089601');
    expect(new ProtobufWriter().int(1, -2).finish().toString('hex')).toBe('08feffffffffffffffff01');
  });

  it('skips fields of other kinds and refuses what is cut off', () => {
    const fixed = Buffer.from('0d010203041101020304050607081807', 'hex');
    expect(new ProtobufFields(fixed).int(3)).toBe(7);
    for (const bytes of ['12077465', '0896', '0d0102', '0b'])
      expect(() => new ProtobufFields(Buffer.from(bytes, 'hex'))).toThrow(RangeError);
  });
});

describe('messages of etcd', () => {
  it('requests have their fields where etcd expects them', () => {
    const range = new ProtobufFields(encodeRange({ key: '/a', end: '/b', limit: 5, revision: 7, keysOnly: true, countOnly: true }));
    expect([range.text(1), range.text(2), range.int(3), range.int(4), range.bool(8), range.bool(9)]).toEqual([
      '/a',
      '/b',
      5,
      7,
      true,
      true,
    ]);
    const txn = new ProtobufFields(
      encodeTxn({ compare: [{ key: '/a', revision: 3 }], success: [{ remove: '/a' }], failure: [{ range: { key: '/a' } }] }),
    );
    const compare = txn.message(1)!;
    expect([compare.int(1), compare.int(2), compare.text(3), compare.int(6)]).toEqual([0, 2, '/a', 3]);
    expect(txn.message(2)?.message(3)?.bool(3)).toBe(true);
    expect(txn.message(3)?.message(1)?.text(1)).toBe('/a');
    const watch = new ProtobufFields(encodeWatch({ key: '/a', end: '/b' }, 9)).message(1)!;
    expect([watch.text(1), watch.text(2), watch.int(3), watch.bool(4), watch.bool(6)]).toEqual(['/a', '/b', 9, true, true]);
  });

  it('answers are read, empty ones too', () => {
    const header = new ProtobufWriter().int(1, 2n ** 63n).int(3, 12);
    const entry = new ProtobufWriter().text(1, '/a').int(2, 3).int(3, 12).text(5, '{}');
    expect(decodeRange(new ProtobufWriter().message(1, header).message(2, entry).bool(3, true).int(4, 9).finish())).toEqual({
      entries: [{ key: '/a', value: Buffer.from('{}'), createRevision: 3, modRevision: 12 }],
      more: true,
      count: 9,
      head: 12,
    });
    expect(decodeRange(Buffer.alloc(0))).toEqual({ entries: [], more: false, count: 0, head: 0 });
    const event = new ProtobufWriter().int(1, 1).message(2, entry);
    const answer = decodeWatch(new ProtobufWriter().message(1, header).message(11, event).finish());
    expect(answer).toMatchObject({
      created: false,
      canceled: false,
      compactRevision: 0,
      head: 12,
      events: [{ deleted: true, previous: undefined }],
    });
  });

  it('the end of a prefix is the first key behind it', () => {
    expect(endOfPrefix('/a/')).toBe('/a0');
    expect(endOfPrefix('/coxswain')).toBe('/coxswaio');
  });
});
