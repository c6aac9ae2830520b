import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closeFrame, WebSocketFrames } from '../../src/proxy/web-socket-frames.ts';

function frame(payload: number, masked: boolean): Buffer {
  const head = [0x82];
  const mask = masked ? 0x80 : 0;
  if (payload < 126) head.push(mask | payload);
  else if (payload < 65_536) head.push(mask | 126, payload >> 8, payload & 255);
  else head.push(mask | 127, 0, 0, 0, 0, (payload >> 24) & 255, (payload >> 16) & 255, (payload >> 8) & 255, payload & 255);
  return Buffer.concat([Buffer.from(head), Buffer.alloc(payload + (masked ? 4 : 0), 0x81)]);
}

const frames = fc.array(fc.tuple(fc.constantFrom(0, 1, 125, 126, 300, 65_535, 65_536, 70_000), fc.boolean()), {
  minLength: 1,
  maxLength: 4,
});

describe('WebSocketFrames', () => {
  it('knows the end of every frame, however the bytes are cut', () => {
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 70_000 }), { maxLength: 8 }), (list, cuts) => {
        const made = list.map(([payload, masked]) => frame(payload, masked));
        const bytes = Buffer.concat(made);
        const ends = new Set<number>();
        let end = 0;
        for (const each of made) ends.add((end += each.length));
        const follower = new WebSocketFrames();
        let at = 0;
        for (const step of [...cuts, bytes.length]) {
          const next = Math.min(bytes.length, at + step);
          expect(follower.pass(bytes.subarray(at, next), false)).toBe(next - at);
          at = next;
          expect(follower.atBoundary).toBe(at === 0 || ends.has(at));
        }
      }),
    );
  });

  it('stops at the end of a frame if asked to', () => {
    const bytes = Buffer.concat([frame(300, true), frame(2, false), frame(0, false)]);
    const follower = new WebSocketFrames();
    follower.pass(bytes.subarray(0, 100), false);
    const rest = bytes.subarray(100);
    const first = follower.pass(rest, true);
    const second = follower.pass(rest.subarray(first), true);
    const third = follower.pass(rest.subarray(first + second), true);
    expect([first, second, third]).toEqual([frame(300, true).length - 100, 4, 2]);
  });

  it('makes close frames that are frames', () => {
    for (const fromClient of [true, false]) {
      const bytes = closeFrame(1001, fromClient);
      const follower = new WebSocketFrames();
      expect([follower.pass(bytes, true), follower.atBoundary]).toEqual([bytes.length, true]);
      expect(bytes.subarray(-2).readUInt16BE()).toBe(1001);
    }
  });
});
