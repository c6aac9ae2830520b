import {
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
  type Answer,
  type Packet,
} from 'dns-packet';
import type { ZoneAnswer, ZoneQuestion, ZoneRecord } from './zone-record.ts';

/** Response codes (RFC 1035, section 4.1.1). */
export const rcodes = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, notImplemented: 4, refused: 5 } as const;
export type Rcode = (typeof rcodes)[keyof typeof rcodes];

/** A query as far as the server looks at it. */
export interface Query {
  readonly id: number;
  readonly question: ZoneQuestion;
  readonly recursionDesired: boolean;
  /** The longest answer over UDP the client takes, in bytes. */
  readonly udpBytes: number;
  /** True if the client speaks EDNS (RFC 6891): so must the answer. */
  readonly edns: boolean;
}

/** What a message is, if it is no query that can be answered. */
export type NoQuery =
  /** A response, or too short to be anything: not to be answered, or two servers would talk for ever. */
  { readonly drop: true } | { readonly drop: false; readonly id: number; readonly rcode: Rcode };

export interface AnswerSettings {
  readonly ttlSeconds: number;
  /** The zone's authority, said where there is nothing else. */
  readonly authority: ZoneRecord;
  readonly recursionAvailable: boolean;
}

const headerBytes = 12;
/** What fits into a datagram without EDNS, and what is never split by networks of today (DNS flag day 2020). */
const [plainBytes, ednsBytesMax] = [512, 1_232];

export function decodeQuery(message: Buffer): Query | NoQuery {
  if (message.length < headerBytes) return { drop: true };
  const id = message.readUInt16BE(0);
  const flags = message.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return { drop: true };
  if ((flags & 0x7800) !== 0) return { drop: false, id, rcode: rcodes.notImplemented };
  let packet: Packet;
  try {
    packet = decode(message);
  } catch {
    return { drop: false, id, rcode: rcodes.formatError };
  }
  const [question, ...more] = packet.questions ?? [];
  if (question === undefined || more.length > 0) return { drop: false, id, rcode: rcodes.formatError };
  if (question.class !== 'IN' && question.class !== 'ANY') return { drop: false, id, rcode: rcodes.refused };
  const opt = packet.additionals?.find((each) => each.type === 'OPT');
  const offered = opt?.type === 'OPT' ? (opt.udpPayloadSize ?? plainBytes) : plainBytes;
  return {
    id,
    question: { name: question.name, type: question.type },
    recursionDesired: (flags & RECURSION_DESIRED) !== 0,
    udpBytes: Math.min(Math.max(offered, plainBytes), ednsBytesMax),
    edns: opt !== undefined,
  };
}

/** The answer as a message; `maxBytes` cuts it short and says so, for the client to ask again over TCP. */
export function encodeAnswer(query: Query, answer: ZoneAnswer, settings: AnswerSettings, maxBytes: number): Buffer {
  const toAnswer = (record: ZoneRecord): Answer => answerOf(record, settings.ttlSeconds);
  const empty = answer.records.length === 0;
  const flags =
    AUTHORITATIVE_ANSWER |
    (query.recursionDesired ? RECURSION_DESIRED : 0) |
    (settings.recursionAvailable ? RECURSION_AVAILABLE : 0) |
    (answer.exists ? rcodes.noError : rcodes.nameError);
  const base = { type: 'response' as const, id: query.id, questions: [questionOf(query)] };
  const opt = optOf(query);
  const parts = {
    answers: answer.records.map(toAnswer),
    authorities: empty ? [toAnswer(settings.authority)] : [],
    additionals: [...answer.additional.map(toAnswer), ...opt],
  };
  const whole = encode({ ...base, ...parts, flags });
  if (whole.length <= maxBytes) return whole;
  // What is additional may be left out in silence.
  const bare = encode({ ...base, ...parts, additionals: opt, flags });
  if (bare.length <= maxBytes) return bare;
  return encode({ ...base, additionals: opt, flags: flags | TRUNCATED_RESPONSE });
}

/** A message that says no more than that there is no answer. */
export function encodeRefusal(id: number, rcode: Rcode, query?: Query): Buffer {
  const flags = rcode | (query?.recursionDesired === true ? RECURSION_DESIRED : 0);
  return encode({ type: 'response', id, flags, ...(query && { questions: [questionOf(query)], additionals: optOf(query) }) });
}

/** A question to another server. */
export function encodeQuestion(id: number, { name, type }: ZoneQuestion): Buffer {
  return encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ name, type: type as 'A', class: 'IN' }] });
}

/** The addresses and aliases in another server's answer; undefined if it has none or cannot be read. */
export function recordsOf(message: Buffer): readonly ZoneRecord[] {
  try {
    return (decode(message).answers ?? []).flatMap((answer): ZoneRecord[] =>
      answer.type === 'A' || answer.type === 'AAAA' || answer.type === 'CNAME'
        ? [{ type: answer.type, name: answer.name, value: answer.data }]
        : [],
    );
  } catch {
    return [];
  }
}

const questionOf = ({ question }: Query) => ({ name: question.name, type: question.type as 'A', class: 'IN' as const });

const optOf = ({ edns }: Query): Answer[] =>
  edns
    ? [{ type: 'OPT', name: '.', udpPayloadSize: ednsBytesMax, extendedRcode: 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }]
    : [];

function answerOf(record: ZoneRecord, ttl: number): Answer {
  const { name } = record;
  switch (record.type) {
    case 'SRV':
      return { type: 'SRV', name, ttl, data: { priority: 0, weight: record.weight, port: record.port, target: record.target } };
    case 'SOA': {
      const [mname, rname] = [`ns.dns.${name}`, `hostmaster.${name}`];
      const times = { refresh: 7_200, retry: 1_800, expire: 86_400, minimum: ttl };
      return { type: 'SOA', name, ttl, data: { mname, rname, serial: record.serial >>> 0, ...times } };
    }
    case 'TXT':
      return { type: 'TXT', name, ttl, data: record.value };
    case 'A':
    case 'AAAA':
    case 'CNAME':
    case 'PTR':
    case 'NS':
      return { type: record.type, name, ttl, data: record.value };
  }
}
