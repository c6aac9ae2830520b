/**
 * `npm run bench [-- --out FILE] [--only NAME,NAME] [--suite core]`: takes the figures of a suite, prints them beside what they
 * should be, and writes them as JSON with `--out`. What is named and does not exist ends it with 1, before anything is measured.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Figure, Measure } from './measure.ts';
import { measure } from './sampling.ts';
import { measuresOf, UnknownName } from './suites.ts';

function line({ better, aim, unit }: Measure, { name, median, against, details = {} }: Figure): string {
  const goal = typeof aim === 'number' ? aim : aim.ratio * (against.find((other) => other.name === aim.of)?.median ?? Number.NaN);
  const reached = better === 'higher' ? median >= goal : median <= goal;
  const versus = against.map((other) => `; ${other.ratio.toFixed(2)}x of ${other.name} (${round(other.median)})`).join('');
  const more = Object.entries(details).map(([what, value]) => `; ${what} ${round(value)}`);
  return `${name.padEnd(24)} ${round(median).padStart(10)} ${unit.padEnd(12)} aim ${better === 'higher' ? '>=' : '<='} ${round(goal)} ${reached ? 'reached' : 'NOT REACHED'}${versus}${more.join('')}`;
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, only: { type: 'string' }, suite: { type: 'string', default: 'core' } },
  });
  const measures = await measuresOf(values.suite, values.only?.split(','));
  const figures: Figure[] = [];
  for (const each of measures) {
    const figure = await measure(each);
    figures.push(figure);
    console.log(line(each, figure));
    // After each, so that one that fails does not cost the samples of those before.
    if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(figures, undefined, 2)}\n`);
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof UnknownName ? error.message : error);
  process.exitCode = 1;
});
