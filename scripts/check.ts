/**
 * Everything CI demands, each step once, two at a time: `npm run check`. `--without-tests` leaves the tests out, for a caller
 * that has just run them; `--only build,docs` runs these steps alone (and what they need).
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

interface Step {
  readonly name: string;
  /** A program of `node_modules/.bin` and its arguments. */
  readonly command: string;
  readonly after?: string;
}

const parallel = 2;
const steps: readonly Step[] = [
  { name: 'build', command: 'npm run --silent build' },
  { name: 'types', command: 'tsc --noEmit -p tsconfig.json' },
  { name: 'lint', command: 'oxlint --type-aware --deny-warnings' },
  { name: 'format', command: 'prettier --check --log-level warn .' },
  { name: 'docs', command: 'typedoc --logLevel Warn' },
  { name: 'dependencies', command: 'knip --include files,dependencies,unlisted,unresolved,binaries --no-progress' },
  { name: 'publint', command: 'publint --strict', after: 'build' },
  { name: 'attw', command: 'attw --pack . --profile node16', after: 'build' },
  { name: 'api', command: 'tsx scripts/api-report.ts', after: 'build' },
  { name: 'package', command: 'tsx scripts/try-package.ts', after: 'build' },
  { name: 'tests', command: 'vitest run', after: 'build' },
];

interface Outcome {
  readonly step: Step;
  readonly ok: boolean;
}

function run(step: Step): Promise<Outcome> {
  const bin = join(import.meta.dirname, '../node_modules/.bin');
  const started = performance.now();
  const child = spawn(step.command, {
    shell: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
  });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      const ok = code === 0;
      console.log(`${ok ? 'ok  ' : 'FAIL'} ${step.name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
      if (!ok) console.log(`$ ${step.command}\n${Buffer.concat(output).toString()}`);
      resolve({ step, ok });
    });
  });
}

/** The steps asked for and what they come after. */
function chosen(args: readonly string[]): readonly Step[] {
  const only = args.includes('--only') ? new Set((args[args.indexOf('--only') + 1] ?? '').split(',')) : undefined;
  const wanted = steps.filter(
    ({ name }) => (only === undefined || only.has(name)) && !(name === 'tests' && args.includes('--without-tests')),
  );
  return steps.filter((step) => wanted.includes(step) || wanted.some(({ after }) => after === step.name));
}

async function main(): Promise<number> {
  const waiting = [...chosen(process.argv.slice(2))];
  const running = new Map<string, Promise<Outcome>>();
  const outcomes: Outcome[] = [];
  const settled = (name: string): boolean => outcomes.some(({ step, ok }) => step.name === name && ok);
  const failed = (name: string): boolean => outcomes.some(({ step, ok }) => step.name === name && !ok);
  while (waiting.length > 0 || running.size > 0) {
    const ready = waiting.findIndex(({ after }) => after === undefined || settled(after) || failed(after));
    if (ready >= 0 && running.size < parallel) {
      const [step] = waiting.splice(ready, 1);
      if (step === undefined) continue;
      if (step.after !== undefined && failed(step.after)) {
        console.log(`FAIL ${step.name} (not run: ${step.after} failed)`);
        outcomes.push({ step, ok: false });
      } else running.set(step.name, run(step));
      continue;
    }
    const outcome = await Promise.race(running.values());
    running.delete(outcome.step.name);
    outcomes.push(outcome);
  }
  const bad = outcomes.filter(({ ok }) => !ok);
  console.log(
    `check: ${outcomes.length - bad.length} passed, ${bad.length} failed${bad.length > 0 ? `: ${bad.map(({ step }) => step.name).join(', ')}` : ''}`,
  );
  return bad.length === 0 ? 0 : 1;
}

process.exitCode = await main();
