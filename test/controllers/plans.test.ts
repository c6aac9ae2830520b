import { describe, expect, it } from 'vitest';
import { KindIndex } from '../../src/api/kind-index.ts';
import { builtInControllers } from '../../src/controllers/built-in-controllers.ts';
import { SeededRandom } from '../../src/env/seeded-random.ts';
import { builtInKinds } from '../../src/kinds/built-in-kinds.ts';
import { controllerSuite } from '../../src/testing/controller-suite.ts';
import { allScenarios } from './scenarios/all.ts';

/** CI tries a slice that differs with the seed; `npm run soak:plans` tries every fault at every write of every scenario. */
const seed = Number(process.env['PLANS_SEED'] ?? 1);
const scenariosMax = 24;
const plansOfEach = 4;

describe('controllers come to the same end whatever goes wrong', () => {
  it(`a slice of all plans (seed ${seed})`, async () => {
    const random = new SeededRandom(seed);
    const shuffled = [...allScenarios].map((scenario) => ({ scenario, at: random.next() })).sort((a, b) => a.at - b.at);
    const broken: string[] = [];
    let tried = 0;
    for (const { scenario } of shuffled.slice(0, scenariosMax)) {
      const cases = await controllerSuite(scenario);
      for (let i = 0; i < plansOfEach; i++) {
        tried++;
        await cases[random.integer(cases.length)]!.run().catch((error: Error) => broken.push(error.message));
      }
    }
    expect(broken).toEqual([]);
    expect(tried).toBeGreaterThanOrEqual(Math.min(scenariosMax, allScenarios.length) * plansOfEach);
  });

  it('every control loop of the package is in a story', () => {
    const kinds = new KindIndex(builtInKinds);
    const told = new Set(allScenarios.flatMap(({ controllers }) => controllers(kinds).map(({ name }) => name)));
    const all = builtInControllers({ kinds, loadBalancerAddresses: ['10.1.1.1'] }).map(({ name }) => name);
    // It records Events and writes nothing, so that there is no write to disturb.
    expect(all.filter((name) => !told.has(name))).toEqual(['unsupported-fields']);
  });

  it('scenarios have names of their own', () => {
    expect(new Set(allScenarios.map(({ name }) => name)).size).toBe(allScenarios.length);
  });
});
