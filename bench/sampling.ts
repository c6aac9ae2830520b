import { Bench } from 'tinybench';
import type { Figure, Measure } from './measure.ts';

export function median(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  const [low, high] = [ordered[ordered.length % 2 === 0 ? middle - 1 : middle], ordered[middle]];
  if (low === undefined || high === undefined) throw new RangeError('the median of no samples');
  return (low + high) / 2;
}

/** Takes the samples of one figure and of what it is compared with. */
export async function measure(what: Measure): Promise<Figure> {
  const done = await what.prepare?.();
  try {
    const ours = await samplesOf(what, what.sample);
    const against: Figure['against'][number][] = [];
    for (const other of what.against ?? []) {
      const theirs = median(await samplesOf(what, other.sample));
      against.push({ name: other.name, median: theirs, ratio: median(ours) / theirs });
    }
    return { name: what.name, unit: what.unit, median: median(ours), samples: ours, against };
  } finally {
    await done?.();
  }
}

/** tinybench repeats; the sample itself says how much it was (`overriddenDuration`), in whatever unit. */
async function samplesOf({ samples, warmup = 1 }: Measure, sample: () => Promise<number>): Promise<readonly number[]> {
  const taken: number[] = [];
  const bench = new Bench({ iterations: samples, time: 0, warmupIterations: warmup, warmupTime: 0, warmup: warmup > 0, throws: true });
  bench.add('sample', async () => {
    const overriddenDuration = await sample();
    taken.push(overriddenDuration);
    return { overriddenDuration };
  });
  await bench.run();
  return taken.slice(-samples);
}
