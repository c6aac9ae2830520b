import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../../src/index.ts';
import type { ServerHandle } from '../../src/server/serve.ts';
import { sharedData } from '../shared-data.ts';
import { knownDifferences } from './known-differences.ts';

/** What is used of `conformance/lib.mjs` of the shared data. */
interface Recordings {
  readonly Client: new (options: { server: string; token: string }) => object;
  loadCorpus(folder: string): readonly Scenario[];
  runScenario(client: object, scenario: Scenario, options: { replay: boolean }): Promise<Outcome>;
  compare(expected: object, got: object, into: Differences): void;
  newDiff(): Differences;
}

interface Scenario {
  readonly area: string;
  readonly name: string;
  readonly needs?: readonly string[];
  readonly steps: readonly { readonly expect?: object }[];
}

interface Outcome {
  readonly setupError: string | null;
  readonly steps: readonly ({ readonly error?: string } | null)[];
}

interface Differences {
  readonly strict: { readonly path: string; readonly expected: unknown; readonly got: unknown }[];
}

const areas = [
  ...['default-core', 'default-pod', 'default-service', 'default-apis', 'generation', 'table', 'manifests'],
  ...['validation-apis', 'validation-apps', 'validation-batch', 'validation-core', 'validation-metadata'],
  ...['validation-pod', 'validation-pod-update', 'validation-service', 'crud-core', 'crud-apis', 'subresource-status'],
];

describe.skipIf(sharedData === undefined)('as recorded from Kubernetes', () => {
  let cluster: Cluster;
  let server: ServerHandle;
  let recordings: Recordings;
  let scenarios: readonly Scenario[];

  beforeAll(async () => {
    const folder = join(sharedData!, 'conformance');
    recordings = (await import(/* @vite-ignore */ pathToFileURL(join(folder, 'lib.mjs')).href)) as Recordings;
    scenarios = recordings.loadCorpus(join(folder, 'corpus')).filter((scenario) => (scenario.needs ?? []).length === 0);
    cluster = await Cluster.create({ controllers: 'none', scheduler: 'none' });
    server = await cluster.serve({ token: 'recorded' });
  });
  afterAll(() => cluster.close());

  /** Steps that differ, as `scenario #step: path: expected -> got`. */
  async function differing(area: string): Promise<readonly string[]> {
    const client = new recordings.Client({ server: server.url, token: server.token });
    const found: string[] = [];
    for (const scenario of scenarios.filter((each) => each.area === area)) {
      const outcome = await recordings.runScenario(client, scenario, { replay: true });
      if (outcome.setupError !== null) found.push(`${scenario.name}: ${outcome.setupError}`);
      else for (const [i, step] of scenario.steps.entries()) found.push(...differencesOf(area, scenario, i, step.expect, outcome));
    }
    return found;
  }

  function differencesOf(area: string, scenario: Scenario, i: number, expected: object | undefined, outcome: Outcome): readonly string[] {
    const got = outcome.steps[i];
    if (expected === undefined || got === null || got === undefined) return [];
    const differences = recordings.newDiff();
    recordings.compare(expected, got, differences);
    const known = knownDifferences.some((each) => each.area === area && scenario.name.startsWith(each.scenario) && each.steps.includes(i));
    const first = differences.strict[0];
    if (known) return first === undefined ? [`${scenario.name} #${i}: is as recorded, but listed as a known difference`] : [];
    return first === undefined
      ? []
      : [`${scenario.name} #${i}: ${first.path}: ${JSON.stringify(first.expected)} -> ${JSON.stringify(first.got)}`];
  }

  test.each(areas)('%s', async (area) => {
    expect(scenarios.filter((scenario) => scenario.area === area)).not.toEqual([]);
    expect(await differing(area)).toEqual([]);
  });
});
