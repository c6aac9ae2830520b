import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameDecoder } from '../../src/runtimes/docker/frame-decoder.ts';

const streams = ['stdin', 'stdout', 'stderr'] as const;

function frame(stream: (typeof streams)[number], payload: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = streams.indexOf(stream);
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** The frames of a stream, put together again. */
function decodeAll(chunks: readonly Uint8Array[]): readonly { readonly stream: string; readonly text: string }[] {
  const decoder = new FrameDecoder();
  const frames: { stream: string; text: string }[] = [];
  for (const chunk of chunks) {
    for (const { stream, data, first } of decoder.decode(chunk)) {
      if (first) frames.push({ stream, text: '' });
      frames.at(-1)!.text += Buffer.from(data).toString('latin1');
    }
  }
  return decoder.inFrame ? [...frames, { stream: 'cut', text: '' }] : frames;
}

describe('FrameDecoder', () => {
  test('gives back what was framed, wherever the chunks are cut', () => {
    const frames = fc.array(fc.record({ stream: fc.constantFrom(...streams), text: fc.string({ minLength: 1, unit: 'binary-ascii' }) }));
    fc.assert(
      fc.property(frames, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (wanted, sizes) => {
        const whole = Buffer.concat(wanted.map(({ stream, text }) => frame(stream, Buffer.from(text, 'latin1'))));
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < whole.length; n++) {
          const size = sizes[n % sizes.length]!;
          chunks.push(whole.subarray(at, at + size));
          at += size;
        }
        expect(decodeAll(chunks)).toEqual(wanted);
      }),
    );
  });

  test('a hundred thousand frames of one byte in one chunk need no stack', () => {
    const whole = Buffer.concat(Array.from({ length: 100_000 }, () => frame('stdout', Buffer.from('x'))));
    expect(decodeAll([whole])).toHaveLength(100_000);
  });

  test('a frame of 16 MiB comes through in parts, and copies nothing', () => {
    const payload = Buffer.alloc(16 * 2 ** 20, 7);
    const whole = frame('stderr', payload);
    const decoder = new FrameDecoder();
    let bytes = 0;
    for (let at = 0; at < whole.length; at += 65_536) {
      const chunk = whole.subarray(at, at + 65_536);
      for (const { data, stream } of decoder.decode(chunk)) {
        expect(stream).toBe('stderr');
        expect(data.buffer).toBe(chunk.buffer);
        bytes += data.length;
      }
    }
    expect([bytes, decoder.inFrame]).toEqual([payload.length, false]);
  });

  test('empty frames are passed over, a cut one is known', () => {
    expect(decodeAll([frame('stdout', Buffer.alloc(0)), frame('stdout', Buffer.from('a'))])).toEqual([{ stream: 'stdout', text: 'a' }]);
    expect(decodeAll([frame('stdout', Buffer.from('abc')).subarray(0, 9)]).at(-1)).toEqual({ stream: 'cut', text: '' });
  });

  test('what is not framed is refused', () => {
    expect(() => decodeAll([Buffer.from('plain text of a terminal')])).toThrow(/expected the header of a frame/);
  });
});
