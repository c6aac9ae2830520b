import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sharedData } from '../shared-data.ts';
import { knownDifferences, knownWordings } from './known-differences.ts';

/** What the runner of the recorded scenarios writes with `--json`. */
interface Results {
  readonly areas: readonly { readonly area: string; readonly messages: number }[];
  readonly scenarios: readonly {
    readonly area: string;
    readonly name: string;
    readonly setupError: string | null;
    readonly steps: readonly {
      readonly step: number;
      readonly passed: boolean;
      readonly strict: readonly { readonly path: string; readonly expected: unknown; readonly got: unknown }[];
      readonly soft: readonly { readonly path: string; readonly expected: unknown; readonly got: unknown }[];
    }[];
  }[];
}

const root = join(import.meta.dirname, '../..');
/** Most of it is waiting for controllers, in real time. */
const passMs = 900_000;
const strictMin = 0.95;
const wordedMin = 0.9;

/** A server as `npm run serve` starts it. */
async function serve(folder: string, ...options: readonly string[]): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const args = [
    'run',
    '--silent',
    'serve',
    '--',
    '--port',
    '0',
    '--token',
    'recorded',
    '--kubeconfig',
    join(folder, 'kubeconfig'),
    ...options,
  ];
  const child = spawn('npm', args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  for await (const line of createInterface(child.stdout)) {
    const url = /(https?:\/\/\S+)/.exec(line)?.[1];
    if (url !== undefined) return { url, child };
  }
  throw new Error('the server ended before it was ready');
}

async function replay(server: string, needs: 'none' | 'controllers', file: string): Promise<Results> {
  const runner = join(sharedData!, 'conformance/run-corpus.mjs');
  const args = [
    runner,
    '--server',
    server,
    '--token',
    'recorded',
    '--needs',
    needs,
    '--json',
    file,
    '--max-diffs',
    '0',
    '--concurrency',
    needs === 'none' ? '8' : '20',
  ];
  const child = spawn(process.execPath, args, { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  return JSON.parse(await readFile(file, 'utf8')) as Results;
}

/** Every step that differs, as `area :: scenario #step: path: expected -> got`; the known ones apart. */
function differing({ scenarios }: Results): { readonly unknown: readonly string[]; readonly stale: readonly string[] } {
  const unknown: string[] = [];
  const stale: string[] = [];
  for (const { area, name, steps } of scenarios) {
    for (const { step, passed, strict } of steps) {
      const known = isKnown(area, name, step);
      const [first] = strict;
      if (known && passed) stale.push(`${area} :: ${name} #${step} is as recorded, but listed as a known difference`);
      if (known || first === undefined) continue;
      unknown.push(`${area} :: ${name} #${step}: ${first.path}: ${JSON.stringify(first.expected)} -> ${JSON.stringify(first.got)}`);
    }
  }
  return { unknown, stale };
}

/** Of the steps of each area, how many are strictly as recorded; known differences are left out unless they are to count. */
function strictShare({ scenarios }: Results, countKnown = false): ReadonlyMap<string, number> {
  const areas = new Map<string, { passed: number; of: number }>();
  for (const { area, name, steps } of scenarios) {
    const count = areas.get(area) ?? { passed: 0, of: 0 };
    areas.set(area, count);
    for (const { step, passed } of steps) {
      if (!countKnown && isKnown(area, name, step)) continue;
      count.of++;
      if (passed) count.passed++;
    }
  }
  return new Map([...areas].map(([area, { passed, of }]) => [area, of === 0 ? 1 : passed / of]));
}

const isKnown = (area: string, name: string, step: number): boolean =>
  knownDifferences.some((each) => each.area === area && name.startsWith(each.scenario) && each.steps.includes(step));

/** Messages that are not as recorded, by area: those nobody explained, and how many are explained. */
function wordings({ scenarios }: Results): ReadonlyMap<string, { readonly unexplained: readonly string[]; readonly explained: number }> {
  const areas = new Map<string, { unexplained: string[]; explained: number }>();
  for (const { area, name, steps } of scenarios) {
    const found = areas.get(area) ?? { unexplained: [], explained: 0 };
    areas.set(area, found);
    for (const { step, soft } of steps) {
      for (const { expected, got } of soft) {
        if (isKnown(area, name, step) || knownWordings.some(({ recorded }) => recorded.test(String(expected)))) found.explained++;
        else found.unexplained.push(`${area} :: ${name} #${step}: ${String(expected)} -> ${String(got)}`);
      }
    }
  }
  return areas;
}

/** Starts a server, replays the scenarios, and ends the server. */
async function pass(folder: string, needs: 'none' | 'controllers', controllers: string): Promise<Results> {
  const { url, child } = await serve(folder, '--controllers', controllers);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    return await replay(url, needs, join(folder, `${needs}.json`));
  } finally {
    process.kill(-child.pid!, 'SIGTERM');
    await ended;
  }
}

describe.skipIf(sharedData === undefined)('as recorded from Kubernetes', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coxswain-corpus-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('the API alone: every step but those that Kubernetes 1.33 answers otherwise', { timeout: passMs }, async () => {
    const results = await pass(folder, 'none', 'none');
    expect(results.scenarios.length).toBeGreaterThan(700);
    const { unknown, stale } = differing(results);
    expect(stale).toEqual([]);
    const low = [...strictShare(results)].filter(([, share]) => share < strictMin).map(([area]) => area);
    expect(low, unknown.join('\n')).toEqual([]);
    expect(unknown).toEqual([]);

    const worded = wordings(results);
    const unlike = results.areas.filter(({ area, messages }) => {
      const { unexplained, explained } = worded.get(area)!;
      return unexplained.length > (1 - wordedMin) * (messages - explained);
    });
    expect(
      unlike.map(({ area }) => area),
      [...worded.values()].flatMap(({ unexplained }) => unexplained).join('\n'),
    ).toEqual([]);
  });

  test('with controllers: every area, whatever differs counted', { timeout: passMs }, async () => {
    const results = await pass(folder, 'controllers', 'all,-node-lifecycle');
    const shares = strictShare(results, true);
    expect(shares.size).toBe(11);
    const low = [...shares].filter(([, share]) => share < strictMin);
    expect(low, differing(results).unknown.join('\n')).toEqual([]);
  });

  test('docs/support.md lists every difference', async () => {
    const page = await readFile(join(root, 'docs/support.md'), 'utf8');
    for (const { area, reason } of knownDifferences) expect(page).toContain(`| ${area} | ${reason} |`);
    for (const { reason } of knownWordings) expect(page).toContain(`- ${reason}\n`);
  });
});
