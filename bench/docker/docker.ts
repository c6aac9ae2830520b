import { FrameDecoder } from '../../src/runtimes/docker/frame-decoder.ts';
import type { Measure } from '../measure.ts';
import { EngineBench } from './engine-bench.ts';

let bench: EngineBench;
const prepare = async (): Promise<() => Promise<void>> => {
  bench = await EngineBench.open();
  return () => bench.close();
};
const floor = 'bare engine API';
/** What a pod has, and a container on the engine's default bridge has not: an address that outlives it. */
const podFloor = 'the same in a pod network';

function ready(name: string, count: number, aim: Measure['aim'], samples: number, more: NonNullable<Measure['against']> = []): Measure {
  return {
    ...{ name, unit: 'ms', aim, better: 'lower', samples, prepare },
    sample: async () => (await bench.pods(count)).readyMs,
    against: [
      { name: floor, sample: async () => (await bench.bare(count)).readyMs },
      { name: podFloor, sample: async () => (await bench.bareInPodNetwork(count)).readyMs },
      { name: 'docker service create', sample: async () => (await bench.swarm(count)).readyMs },
      ...more,
    ],
  };
}

/** Frames of a log as the engine sends them, in chunks of 64 KiB. */
function framed(payloadBytes: number, totalBytes: number): readonly Buffer[] {
  const frame = Buffer.alloc(8 + payloadBytes, 0x61);
  frame.set([1, 0, 0, 0]);
  frame.writeUInt32BE(payloadBytes, 4);
  const whole = Buffer.concat(Array.from({ length: Math.ceil(totalBytes / frame.length) }, () => frame));
  return Array.from({ length: Math.ceil(whole.length / 65_536) }, (_none, n) => whole.subarray(n * 65_536, (n + 1) * 65_536));
}

/** Returns payload bytes and frames in a second. */
function decode(chunks: readonly Buffer[]): { readonly bytes: number; readonly frames: number } {
  const decoder = new FrameDecoder();
  let [bytes, frames] = [0, 0];
  const started = performance.now();
  for (const chunk of chunks) {
    for (const { data, last } of decoder.decode(chunk)) {
      bytes += data.length;
      if (last) frames++;
    }
  }
  const seconds = (performance.now() - started) / 1000;
  return { bytes: bytes / seconds, frames: frames / seconds };
}

const large = framed(16_384, 256 * 2 ** 20);
const small = framed(10, 20 * 2 ** 20);

export const docker: readonly Measure[] = [
  { name: 'docker.decode-16k', unit: 'MB/s', aim: 1000, better: 'higher', samples: 7, sample: async () => decode(large).bytes / 1e6 },
  { name: 'docker.decode-lines', unit: 'lines/s', aim: 1e6, better: 'higher', samples: 7, sample: async () => decode(small).frames },
  ready('docker.one', 1, { ratio: 1.05, of: floor }, 7, [{ name: 'testcontainers', sample: () => bench.testcontainers() }]),
  ready('docker.20', 20, { ratio: 1.1, of: floor }, 3),
  ready('docker.50', 50, { ratio: 1.1, of: floor }, 2),
  {
    ...{ name: 'docker.stop-50', unit: 'ms', aim: { ratio: 1.1, of: floor }, better: 'lower', samples: 2, prepare },
    sample: async () => (await bench.pods(50)).goneMs,
    against: [
      { name: floor, sample: async () => (await bench.bare(50)).goneMs },
      { name: podFloor, sample: async () => (await bench.bareInPodNetwork(50)).goneMs },
      { name: 'docker service rm', sample: async () => (await bench.swarm(50)).goneMs },
    ],
  },
];
