import { decode, encode, type Packet } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeQuery, encodeAnswer, encodeRefusal, rcodes, recordsOf, type Query } from '../../src/dns/message-codec.ts';
import type { ZoneRecord } from '../../src/dns/zone-record.ts';

const settings = { ttlSeconds: 5, authority: { type: 'SOA', name: 'cluster.local', serial: 7 } as const, recursionAvailable: false };
const question = { type: 'A', name: 'Web.default.svc.cluster.local', class: 'IN' } as const;
const query = (packet: Partial<Packet> = {}): Buffer => encode({ type: 'query', id: 77, flags: 0x100, questions: [question], ...packet });
const understood = decodeQuery(query()) as Query;
const addresses = (count: number): readonly ZoneRecord[] =>
  Array.from({ length: count }, (_, i) => ({ type: 'A', name: question.name, value: `10.0.${i >> 8}.${i & 255}` }));
const answer = (records: readonly ZoneRecord[]) => ({ exists: true, records, additional: [], elsewhere: undefined });

describe('decodeQuery', () => {
  it('reads a question, and how long an answer may be', () => {
    expect(understood).toEqual({
      id: 77,
      question: { name: 'Web.default.svc.cluster.local', type: 'A' },
      recursionDesired: true,
      udpBytes: 512,
      edns: false,
    });
    const opt = (udpPayloadSize: number): Packet['additionals'] => [
      { type: 'OPT', name: '.', udpPayloadSize, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
    ];
    const sizes = [4_096, 1_000, 100].map((size) => (decodeQuery(query({ additionals: opt(size) })) as Query).udpBytes);
    expect(sizes).toEqual([1_232, 1_000, 512]);
  });

  it.each([
    ['a response', query({ type: 'response' }), { drop: true }],
    ['too little', Buffer.alloc(11), { drop: true }],
    ['nothing', Buffer.alloc(0), { drop: true }],
    ['an update', query({ flags: 5 << 11 }), { drop: false, id: 77, rcode: rcodes.notImplemented }],
    ['no question', query({ questions: [] }), { drop: false, id: 77, rcode: rcodes.formatError }],
    ['two questions', query({ questions: [question, question] }), { drop: false, id: 77, rcode: rcodes.formatError }],
    ['a name cut short', query().subarray(0, 20), { drop: false, id: 77, rcode: rcodes.formatError }],
    ['another class', query({ questions: [{ ...question, class: 'CH' }] }), { drop: false, id: 77, rcode: rcodes.refused }],
  ])('%s is no query', (_what, message, expected) => {
    expect(decodeQuery(message)).toEqual(expected);
  });

  it('reads whatever bytes come, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, likely) => {
        const message = Buffer.from(likely ? Buffer.concat([query().subarray(0, 12), bytes]) : bytes);
        const read = decodeQuery(message);
        const id = 'question' in read ? read.id : read.drop ? undefined : decode(encodeRefusal(read.id, read.rcode)).id;
        expect(id === undefined || id === message.readUInt16BE(0)).toBe(true);
      }),
    );
  });
});

describe('encodeAnswer', () => {
  it('says that it knows, repeats the question as it was asked, and gives times to live', () => {
    const packet = decode(encodeAnswer(understood, answer(addresses(1)), settings, 512));
    expect(packet).toMatchObject({
      id: 77,
      type: 'response',
      rcode: 'NOERROR',
      flag_aa: true,
      flag_rd: true,
      flag_ra: false,
      flag_tc: false,
    });
    expect(packet.questions).toMatchObject([{ name: 'Web.default.svc.cluster.local', type: 'A' }]);
    expect(packet.answers).toMatchObject([{ name: 'Web.default.svc.cluster.local', type: 'A', ttl: 5, data: '10.0.0.0' }]);
    expect(packet.authorities).toEqual([]);
  });

  it('says for how long "no such name" holds', () => {
    const packet = decode(encodeAnswer(understood, { ...answer([]), exists: false }, settings, 512));
    expect(packet).toMatchObject({
      rcode: 'NXDOMAIN',
      authorities: [{ type: 'SOA', name: 'cluster.local', data: { serial: 7, minimum: 5 } }],
    });
  });

  it('leaves out what is additional, then all, if it does not fit', () => {
    const srv: ZoneRecord = { type: 'SRV', name: question.name, port: 80, weight: 100, target: 'a.b' };
    const withMore = { ...answer([srv]), additional: addresses(60) };
    const bare = decode(encodeAnswer(understood, withMore, settings, 512));
    expect([bare.answers?.length, bare.additionals?.length, bare.flag_tc]).toEqual([1, 0, false]);
    const cut = encodeAnswer({ ...understood, edns: true }, answer(addresses(60)), settings, 512);
    expect(cut.length).toBeLessThanOrEqual(512);
    expect(decode(cut)).toMatchObject({ flag_tc: true, answers: [], additionals: [{ type: 'OPT' }] });
    expect(decode(encodeAnswer(understood, answer(addresses(60)), settings, 65_535)).answers).toHaveLength(60);
  });

  it('answers questions of types it never heard of', () => {
    const raw = query();
    raw.writeUInt16BE(65, raw.length - 4);
    const strange = decodeQuery(raw) as Query;
    const reply = encodeAnswer(strange, answer([]), settings, 512);
    expect(reply.subarray(12, 12 + raw.length - 12)).toEqual(raw.subarray(12));
  });
});

describe('recordsOf', () => {
  it('takes addresses and aliases of another server, and nothing from nonsense', () => {
    const answers: Packet['answers'] = [
      { type: 'CNAME', name: 'a', data: 'b' },
      { type: 'A', name: 'b', data: '10.0.0.1' },
      { type: 'TXT', name: 'b', data: 'x' },
    ];
    expect(recordsOf(encode({ type: 'response', answers }))).toEqual([
      { type: 'CNAME', name: 'a', value: 'b' },
      { type: 'A', name: 'b', value: '10.0.0.1' },
    ]);
    expect(recordsOf(Buffer.from('nonsense'))).toEqual([]);
  });
});
