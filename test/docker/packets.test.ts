import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIpv4 } from '../../src/runtimes/address-range.ts';
import { destinationOf, hostUnreachable, internetChecksum, isIpv4, sourceOf } from '../../src/runtimes/docker/ipv4-packet.ts';
import { PacketSplitter, withLength } from '../../src/runtimes/docker/packet-splitter.ts';
import { PacketSwitch } from '../../src/runtimes/docker/packet-switch.ts';
import type { PacketPort } from '../../src/runtimes/docker/packet-switch.ts';

const tcp = 6;
const icmp = 1;
const address = (text: string): number => parseIpv4(text)!;

interface Made {
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: number;
  readonly options?: number;
  readonly fragment?: number;
  readonly payload?: Uint8Array;
}

/** A packet with as many words of options. */
function packet(made: Made = {}): Buffer {
  const { from = '10.170.8.2', to = '10.170.16.2', protocol = tcp, options = 0, fragment = 0, payload = Buffer.from('payload!') } = made;
  const header = Buffer.alloc(20 + options * 4);
  header[0] = 0x40 | (5 + options);
  header.writeUInt16BE(header.length + payload.length, 2);
  header.writeUInt16BE(fragment, 6);
  header[8] = 64;
  header[9] = protocol;
  header.writeUInt32BE(address(from), 12);
  header.writeUInt32BE(address(to), 16);
  header.writeUInt16BE(internetChecksum(header), 10);
  return Buffer.concat([header, payload]);
}

const bytes = fc.uint8Array({ maxLength: 200 });

describe('packets', () => {
  test('the checksum is that of the example in RFC 1071, 3', () => {
    expect(internetChecksum(Buffer.from('0001f203f4f5f6f7', 'hex'))).toBe(~0xddf2 & 0xffff);
  });

  test('data that carry their checksum have the checksum 0, and no others that differ in a bit', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 60 }), fc.nat(), (given, bit) => {
        const data = Buffer.from(given.length % 2 === 0 ? given : given.subarray(1));
        data.writeUInt16BE(0, 2);
        data.writeUInt16BE(internetChecksum(data), 2);
        expect(internetChecksum(data)).toBe(0);
        data[bit % data.length]! ^= 1 << (bit % 8);
        expect(internetChecksum(data)).not.toBe(0);
      }),
    );
  });

  test('what is no whole header of IPv4 is none, whatever it holds', () => {
    fc.assert(
      fc.property(bytes, (given) => {
        const wanted = given.length >= 20 && given[0]! >> 4 === 4 && (given[0]! & 15) >= 5 && (given[0]! & 15) * 4 <= given.length;
        expect(isIpv4(given)).toBe(wanted);
        if (!wanted) expect(hostUnreachable(given, 1)).toBeUndefined();
      }),
    );
  });

  test('the news that a host cannot be reached goes to the sender, and quotes what was sent', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), bytes, fc.constantFrom(tcp, 17, 132), (options, payload, protocol) => {
        const sent = packet({ options, payload, protocol });
        const news = hostUnreachable(sent, address('10.170.0.2'))!;
        expect(isIpv4(news)).toBe(true);
        expect([sourceOf(news), destinationOf(news), news[9]]).toEqual([address('10.170.0.2'), address('10.170.8.2'), icmp]);
        expect(news.readUInt16BE(2)).toBe(news.length);
        expect([internetChecksum(news.subarray(0, 20)), internetChecksum(news.subarray(20))]).toEqual([0, 0]);
        expect([news[20], news[21]]).toEqual([3, 1]);
        expect(news.subarray(28)).toEqual(sent.subarray(0, 20 + options * 4 + 8));
      }),
    );
  });

  test.each<[string, Made, boolean]>([
    ['a ping', { protocol: icmp, payload: Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]) }, true],
    ['news of that kind', { protocol: icmp, payload: Buffer.from([3, 1, 0, 0, 0, 0, 0, 0]) }, false],
    ['the end of a time to live', { protocol: icmp, payload: Buffer.from([11, 0, 0, 0, 0, 0, 0, 0]) }, false],
    ['half of an ICMP message', { protocol: icmp, payload: Buffer.alloc(0) }, false],
    ['the first fragment', { fragment: 0x2000 }, true],
    ['a later fragment', { fragment: 0x2001 }, false],
    ['multicast', { to: '224.0.0.1' }, false],
    ['everybody', { to: '255.255.255.255' }, false],
    ['from nobody', { from: '0.0.0.0' }, false],
  ])('%s: whether somebody is told', (_what, made, isTold) => {
    expect(hostUnreachable(packet(made), 1) !== undefined).toBe(isTold);
  });
});

describe('PacketSplitter', () => {
  test('gives back whole packets, wherever the stream is cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(bytes), cuts, (packets, sizes) => {
        const stream = Buffer.concat(packets.map((each) => withLength(each)));
        const splitter = new PacketSplitter();
        const ends = packets.reduce<readonly number[]>((all, each) => [...all, all.at(-1)! + 2 + each.length], [0]);
        let taken = 0;
        for (let at = 0, n = 0; at < stream.length; n++) {
          const size = sizes[n % sizes.length]!;
          const whole = splitter.take(stream.subarray(at, at + size));
          at += size;
          expect(whole).toEqual(stream.subarray(taken, taken + whole.length));
          taken += whole.length;
          // All that is whole by now, and nothing more.
          expect(taken).toBe(Math.max(...ends.filter((end) => end <= at)));
        }
        expect(taken).toBe(stream.length);
      }),
    );
  });
});

class FakePort implements PacketPort {
  up = true;
  readonly addresses: ReadonlySet<number>;
  readonly sent: Buffer[] = [];

  constructor(...addresses: readonly string[]) {
    this.addresses = new Set(addresses.map((each) => address(each)));
  }

  has(value: number): boolean {
    return this.addresses.has(value);
  }

  send(packets: Buffer): void {
    this.sent.push(packets);
  }
}

describe('PacketSwitch', () => {
  /** Slice 1 is 10.170.8.0/21, slice 2 is 10.170.16.0/21. */
  const field = () => {
    const packets = new PacketSwitch(address('10.170.0.0'), 2 ** 16, 2 ** 11);
    const [one, two] = [new FakePort('10.170.8.2'), new FakePort('10.170.16.2', '10.170.16.3')];
    packets.add(1, one);
    packets.add(2, two);
    const deliver = (...made: readonly Made[]): void => packets.deliver(1, Buffer.concat(made.map((each) => withLength(packet(each)))));
    return { packets, one, two, deliver };
  };
  const refused = (made: Made): Buffer => withLength(hostUnreachable(packet(made), address('10.170.0.2'))!);

  test('hands on what lies together at once', () => {
    const { one, two, deliver } = field();
    deliver({ payload: Buffer.from('a') }, { to: '10.170.16.3' }, { to: '10.170.99.9' }, { payload: Buffer.from('b') });
    expect(two.sent).toEqual([
      Buffer.concat([withLength(packet({ payload: Buffer.from('a') })), withLength(packet({ to: '10.170.16.3' }))]),
      withLength(packet({ payload: Buffer.from('b') })),
    ]);
    expect(one.sent).toEqual([refused({ to: '10.170.99.9' })]);
  });

  test.each<[string, Made]>([
    ['a slice that no engine has', { to: '10.170.99.9' }],
    ['an address that no pod has', { to: '10.170.16.9' }],
    ['an address outside of the range', { to: '10.171.0.1' }],
    ['an address below the range', { to: '10.1.0.1' }],
  ])('refuses what goes to %s', (_what, made) => {
    const { one, two, deliver } = field();
    deliver(made);
    expect([one.sent, two.sent]).toEqual([[refused(made)], []]);
  });

  test('refuses what goes to an engine whose relay is down, or that has left', () => {
    const { packets, one, two, deliver } = field();
    two.up = false;
    deliver({});
    two.up = true;
    packets.remove(2);
    deliver({});
    expect([one.sent, two.sent]).toEqual([[refused({}), refused({})], []]);
  });

  test("drops signs of life, other protocols, and what has an address that is not the sender's to use", () => {
    const { packets, one, two, deliver } = field();
    packets.deliver(1, Buffer.concat([withLength(Buffer.alloc(0)), withLength(Buffer.alloc(40, 0x60))]));
    deliver({ from: '10.170.16.3' }, { from: '192.168.0.1' });
    expect([one.sent, two.sent]).toEqual([[], []]);
  });
});
