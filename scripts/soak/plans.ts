/**
 * Every fault at every write of every scenario of the controllers: `npm run soak:plans [-- name]`. Ends with an error if one of them
 * comes to another end than without the fault, or if there are fewer plans than promised.
 */
import { controllerSuite } from '../../src/testing/controller-suite.ts';
import { allScenarios } from '../../test/controllers/scenarios/all.ts';

const plansMin = 20_000;
const [filter = ''] = process.argv.slice(2);
let tried = 0;
let broken = 0;
for (const scenario of allScenarios.filter(({ name }) => name.includes(filter))) {
  const cases = await controllerSuite(scenario);
  for (const { run } of cases) {
    tried++;
    await run().catch((error: Error) => {
      broken++;
      console.error(error.message);
    });
  }
  console.log(`${String(tried).padStart(6)} plans, ${broken} broken: ${scenario.name}`);
}
console.log(`${tried} plans, ${broken} broken`);
if (filter === '' && tried < plansMin) console.error(`expected at least ${plansMin} plans`);
if (broken > 0 || (filter === '' && tried < plansMin)) process.exitCode = 1;
