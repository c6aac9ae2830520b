import { Bench } from 'tinybench';
import type { Figure, Measure } from './measure.ts';

export function median(values: readonly number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length >> 1;
  const [low, high] = [ordered[ordered.length % 2 === 0 ? middle - 1 : middle], ordered[middle]];
  if (low === undefined || high === undefined) throw new RangeError('the median of no samples');
  return (low + high) / 2;
}

/** The smallest value that so much of the whole (0.99) does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const ordered = [...values].sort((a, b) => a - b);
  const value = ordered[Math.max(0, Math.ceil(share * ordered.length) - 1)];
  if (value === undefined) throw new RangeError('a percentile of no samples');
  return value;
}

/** Takes the samples of one figure and of what it is compared with, in turns: whatever the machine does meanwhile happens to all. */
export async function measure(what: Measure): Promise<Figure> {
  const done = await what.prepare?.();
  try {
    const others = what.against ?? [];
    const taken = [what, ...others].map((): number[] => []);
    const { samples, warmup = 1 } = what;
    for (let round = 0; round < warmup + samples; round++) {
      for (const [i, { sample }] of [what, ...others].entries()) {
        const value = await sampleOnce(sample);
        if (round >= warmup) taken[i]!.push(value);
      }
    }
    const [ours = [], ...theirs] = taken;
    const against = others.map(({ name }, i) => {
      const own = theirs[i] ?? [];
      return { name, median: median(own), ratio: median(ours) / median(own), samples: own };
    });
    const details = what.details === undefined ? {} : { details: what.details() };
    return { name: what.name, unit: what.unit, median: median(ours), samples: ours, ...details, against };
  } finally {
    await done?.();
  }
}

/** tinybench runs it; the sample itself says how much it was (`overriddenDuration`), in whatever unit. */
async function sampleOnce(sample: () => Promise<number>): Promise<number> {
  let value = Number.NaN;
  const bench = new Bench({ iterations: 1, time: 0, warmup: false, throws: true });
  bench.add('sample', async () => {
    value = await sample();
    return { overriddenDuration: value };
  });
  await bench.run();
  return value;
}
