import assert from 'node:assert/strict';
import type { ControllerScenario } from './controller-suite/controller-scenario.ts';
import { endDifference } from './controller-suite/end-state.ts';
import { faultPlans, type FaultPlan } from './controller-suite/fault-plan.ts';
import { ScenarioRun, type ScenarioEnd } from './controller-suite/scenario-run.ts';

/** One fault at one write of one scenario. `run` throws an AssertionError if the end is another than without the fault. */
export interface ControllerCase {
  /** `deployment: scale up (3 replicas): crash-after at write 4` */
  readonly name: string;
  readonly plan: FaultPlan;
  readonly run: () => Promise<void>;
}

/**
 * What every control loop must stand: for each write that a scenario makes, a crash before it, a crash after it, a conflict, an error
 * after it took effect, and a view that is one change behind. The end must be that of the calm run: nothing missing, nothing left
 * over, nothing made twice. The scenario is run once without faults to learn its writes and its end.
 *
 * @example
 * async function check(myController: Controller): Promise<void> {
 *   const scenario: ControllerScenario = {
 *     name: 'mine: one ConfigMap',
 *     controllers: () => [myController],
 *     steps: [(hands) => hands.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mine' } })],
 *   };
 *   for (const { run } of await controllerSuite(scenario)) await run();
 * }
 */
export async function controllerSuite(scenario: ControllerScenario): Promise<readonly ControllerCase[]> {
  const calm = await new ScenarioRun(scenario).run();
  const again = await new ScenarioRun(scenario).run();
  assert.deepEqual(again, calm, `${scenario.name}: two calm runs end differently`);
  assert.ok(calm.writes > 0, `${scenario.name}: no controller writes anything`);
  return faultPlans(calm.writes).map((plan) => ({
    name: `${scenario.name}: ${plan.fault} at write ${plan.write}`,
    plan,
    run: async () => check(scenario, plan, calm),
  }));
}

async function check(scenario: ControllerScenario, plan: FaultPlan, calm: ScenarioEnd): Promise<void> {
  const end = await new ScenarioRun(scenario, plan).run();
  const what = `${scenario.name}: ${plan.fault} at write ${plan.write}`;
  assert.ok(end.disturbed, `${what}: the fault never came`);
  const difference = endDifference(calm.objects, end.objects);
  assert.ok(difference.length === 0, `${what}: another end than without the fault:\n${difference.slice(0, 6).join('\n')}`);
  for (const [kind, count] of Object.entries(end.created)) {
    const expected = calm.created[kind] ?? 0;
    const double = kind !== 'Event' && count > expected && scenario.mayCreateMore?.[kind] === undefined;
    assert.ok(!double, `${what}: ${count} objects of kind ${kind} were created, ${expected} without the fault`);
  }
}
