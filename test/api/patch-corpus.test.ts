import { describe, expect, test } from 'vitest';
import { applyJsonPatch } from '../../src/api/json-patch.ts';
import { applyMergePatch } from '../../src/api/merge-patch.ts';
import { ModelStructures } from '../../src/api/model-structure.ts';
import { SchemaTable } from '../../src/api/schema.ts';
import { StrategicMerge } from '../../src/api/strategic-merge-patch.ts';
import { ApiError } from '../../src/errors.ts';
import { sharedData } from '../shared-data.ts';
import { scenarios } from './corpus.ts';
import type { Json, JsonObject, RecordedStep, Scenario } from './corpus.ts';

const table = new SchemaTable();
const structures = new ModelStructures(table);
const strategic = new StrategicMerge(table);

function patched(document: JsonObject, step: RecordedStep, model: string): JsonObject {
  const type = step.contentType ?? '';
  const patch = step.body ?? null;
  const result = type.includes('strategic')
    ? strategic.apply(document, patch, model)
    : type.includes('merge')
      ? applyMergePatch(document, patch)
      : applyJsonPatch(document, patch);
  const reading = structures.of(model).read(result);
  if (reading.typeProblems.length > 0) throw new ApiError(422, 'Invalid', 'patch');
  return reading.value as JsonObject;
}

/** Maps that the server adds nothing to. */
const exactMaps = new Set(['data', 'labels', 'annotations', 'nodeSelector', 'selector', 'matchLabels']);

/** Fails unless everything in ours is in the recorded answer; the server may have added defaults. */
function expectCovered(ours: Json, recorded: Json | undefined, path: string): void {
  if (Array.isArray(ours)) {
    expect([path, Array.isArray(recorded) ? recorded.length : recorded]).toEqual([path, ours.length]);
    ours.forEach((part, i) => expectCovered(part, (recorded as Json[])[i], `${path}[${i}]`));
  } else if (typeof ours === 'object' && ours !== null) {
    if (Object.keys(ours).length === 0) return;
    expect([path, typeof recorded]).toEqual([path, 'object']);
    for (const [key, part] of Object.entries(ours)) expectCovered(part, (recorded as JsonObject)[key], `${path}.${key}`);
    if (exactMaps.has(path.split('.').at(-1)!)) expect([path, recorded]).toEqual([path, ours]);
  } else if (recorded !== '<uid>' && recorded !== '<time>') {
    expect([path, recorded]).toEqual([path, ours]);
  }
}

/** What of the recorded answers has nothing to do with the patch itself. */
function withoutServerFields(object: JsonObject): JsonObject {
  const { status: _, ...rest } = object;
  const {
    uid: _u,
    generation: _g,
    resourceVersion: _r,
    creationTimestamp: _c,
    managedFields: _m,
    ...metadata
  } = (object.metadata ?? {}) as JsonObject;
  return { ...rest, metadata };
}

/** Refused after patching, by validation or by rules of the registry, which are not tested here. */
function refusedLater(step: RecordedStep): boolean {
  return (
    step.expect.status >= 400 &&
    /is invalid: \[?(?!patch)|determin|no kind/.test(String(step.expect.body.message)) &&
    !String(step.expect.body.message).startsWith(' ""')
  );
}

/** Differs from 1.20 on purpose: later versions drop directives where there is nothing to merge with. */
const later = ['deployment {"metadata":{"labels":{"$patch":"replace","a":"b"}}}132'];

function replay(scenario: Scenario): number {
  const created = scenario.setup.at(-1)!.body as JsonObject;
  const model = String(created.kind);
  let document = structures.of(model).read(created).value as JsonObject;
  let compared = 0;
  for (const step of scenario.steps) {
    if (step.method !== 'PATCH' || refusedLater(step) || !('body' in step) || step.path.endsWith('/status')) continue;
    if (step.expect.status >= 400) {
      if (/"(\/kind|\/apiVersion)"/.test(JSON.stringify(step.body))) continue;
      expect(() => patched(document, step, model)).toThrow(expect.objectContaining({ status: step.expect.status }));
    } else {
      document = patched(document, step, model);
      if (step.expect.body === undefined) continue;
      expectCovered(withoutServerFields(document) as Json, step.expect.body, '');
    }
    compared += 1;
  }
  return compared;
}

describe.skipIf(sharedData === undefined)('patches as recorded from Kubernetes', () => {
  describe.each(['patch-json', 'patch-merge', 'patch-strategic'])('%s', (area) => {
    let compared = 0;

    test.each(
      scenarios(area)
        .filter((s) => !later.includes(s.name))
        .map((s) => [s.name, s] as const),
    )('%s', (_, scenario) => {
      const steps = replay(scenario);
      compared += steps;
      expect(steps).toBeLessThanOrEqual(scenario.steps.length);
    });

    test('enough was compared', () => {
      expect(compared).toBeGreaterThan(20);
    });
  });
});
