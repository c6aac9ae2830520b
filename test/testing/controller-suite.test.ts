import { describe, expect, it } from 'vitest';
import type { KindDescriptor } from '../../src/api/kind.ts';
import type { Controller, Plan, PlannedWrite } from '../../src/controllers/controller.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import { controllerSuite } from '../../src/testing/controller-suite.ts';
import type { ControllerScenario } from '../../src/testing/controller-suite/controller-scenario.ts';
import { controllerFaults } from '../../src/testing/controller-suite/fault-plan.ts';
import { allScenarios } from '../controllers/scenarios/all.ts';

const scenario = (name: string): ControllerScenario => allScenarios.find((each) => each.name === name)!;

/** The same story with control loops that plan something else. */
function spoilt(
  name: string,
  spoil: (writes: readonly PlannedWrite[], controller: Controller) => readonly PlannedWrite[],
): ControllerScenario {
  const { controllers, ...rest } = scenario(name);
  return {
    ...rest,
    controllers: (kinds) =>
      controllers(kinds).map((controller) => ({
        ...controller,
        reconcile: (view, key, now): Plan => {
          const plan = controller.reconcile(view, key, now);
          return { ...plan, writes: spoil(plan.writes, controller) };
        },
      })),
  };
}

async function faultsFound(broken: ControllerScenario): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const { plan, run } of await controllerSuite(broken)) {
    await run().catch(() => found.add(plan.fault));
  }
  return [...found].sort();
}

describe('the controller suite', () => {
  it('tries each fault at each write', async () => {
    const cases = await controllerSuite(scenario('rc: up to 2 and down to 1'));
    expect(cases.length).toBeGreaterThan(10);
    expect(cases.length % controllerFaults.length).toBe(0);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  });

  it('passes a controller that heals', async () => {
    expect(await faultsFound(scenario('rc: up to 2 and down to 1'))).toEqual([]);
  });

  it('finds out a controller whose children have names of chance: a repeat makes doubles', async () => {
    let chance = 0;
    const named = (write: PlannedWrite): PlannedWrite =>
      write.verb === 'create'
        ? { ...write, object: { ...write.object, metadata: { ...write.object.metadata, name: `web-${chance++}x` } } }
        : write;
    const broken = spoilt('rc: up to 2 and down to 1', (writes) => writes.map(named));
    expect(await faultsFound(broken)).toContain('stale');
  });

  it('finds out a controller that remembers instead of looking', async () => {
    const { controllers, ...rest } = scenario('rc: up to 2 and down to 1');
    const forgetful: ControllerScenario = {
      ...rest,
      controllers: (kinds) => {
        const made = new Set<string>();
        return controllers(kinds).map((controller) => ({
          ...controller,
          reconcile: (view, key, now): Plan => {
            const plan = controller.reconcile(view, key, now);
            const fresh = plan.writes.filter((write) => write.verb !== 'create' || !made.has(write.object.metadata!.name!));
            for (const write of fresh) if (write.verb === 'create') made.add(write.object.metadata!.name!);
            return { ...plan, writes: fresh };
          },
        }));
      },
    };
    expect(await faultsFound(forgetful)).toContain('conflict');
  });

  it('finds out a controller that counts on all its writes taking effect', async () => {
    const { controllers, ...rest } = scenario('rc: deleted, its 2 pods orphaned');
    const hasty: ControllerScenario = {
      ...rest,
      controllers: (kinds) =>
        controllers(kinds).map((controller) => ({
          ...controller,
          reconcile: (view, key, now): Plan => {
            const plan = controller.reconcile(view, key, now);
            const owner = view.byUid(key);
            if (controller.name !== 'garbage-collector' || owner?.metadata.finalizers?.includes('orphan') !== true) return plan;
            // The finalizer goes together with the releases of the dependents, as if none of these could fail.
            const { finalizers: _finalizers, ...metadata } = owner.metadata;
            const last: PlannedWrite = {
              verb: 'update',
              kind: replicationControllerKind as KindDescriptor,
              object: { ...owner, metadata },
            };
            return { ...plan, writes: [...plan.writes.filter(({ verb }) => verb === 'update'), last] };
          },
        })),
    };
    expect(await faultsFound(hasty)).toEqual(['conflict']);
  });

  it('says when nothing is written, and when the story does not repeat', async () => {
    const idle = spoilt('rc: up to 2 and down to 1', () => []);
    await expect(controllerSuite(idle)).rejects.toThrow('no controller writes anything');
    let run = 0;
    const { steps, ...rest } = scenario('rc: up to 2 and down to 1');
    const moody: ControllerScenario = {
      ...rest,
      steps: [steps[0]!, ({ patch }) => patch('ReplicationController', 'web', { spec: { replicas: 1 + run++ } })],
    };
    await expect(controllerSuite(moody)).rejects.toThrow('two calm runs end differently');
  });
});
