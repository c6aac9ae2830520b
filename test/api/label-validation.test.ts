import { describe, expect, test } from 'vitest';
import { FieldErrors } from '../../src/api/field-errors.ts';
import { validateAnnotations, validateLabels, validateLabelSelector } from '../../src/api/label-validation.ts';
import { sharedData } from '../shared-data.ts';
import { scenarios } from './corpus.ts';
import type { JsonObject } from './corpus.ts';

function found(validate: (errors: FieldErrors) => void): string[] {
  const errors = new FieldErrors();
  validate(errors);
  return errors.causes.map((c) => `${c.field}: ${c.reason}`);
}

test('labels: key and value', () => {
  expect(found((e) => validateLabels({ 'example.com/a': 'b' }, 'metadata.labels', e))).toEqual([]);
  expect(found((e) => validateLabels({ 'bad key': 'bad value' }, 'metadata.labels', e))).toEqual([
    'metadata.labels: FieldValueInvalid',
    'metadata.labels: FieldValueInvalid',
  ]);
});

test('annotations: any case, any value, 256 KiB together', () => {
  expect(found((e) => validateAnnotations({ 'UP/Key': 'any thing' }, 'metadata.annotations', e))).toEqual([]);
  expect(found((e) => validateAnnotations({ a: 'x'.repeat(262_143) }, 'metadata.annotations', e))).toEqual([]);
  expect(found((e) => validateAnnotations({ a: 'x'.repeat(262_144) }, 'metadata.annotations', e))).toEqual([
    'metadata.annotations: FieldValueTooLong',
  ]);
});

test('selectors: operators and their values', () => {
  const expressions = [
    { key: 'a', operator: 'In' },
    { key: 'a', operator: 'Exists', values: ['x'] },
    { key: 'a', operator: 'Near' },
    { key: 'a b', operator: 'In', values: ['x y'] },
  ];
  expect(found((e) => validateLabelSelector({ matchExpressions: expressions }, 'spec.selector', e))).toEqual([
    'spec.selector.matchExpressions[0].values: FieldValueRequired',
    'spec.selector.matchExpressions[1].values: FieldValueForbidden',
    'spec.selector.matchExpressions[2].operator: FieldValueInvalid',
    'spec.selector.matchExpressions[3].key: FieldValueInvalid',
    'spec.selector.matchExpressions[3].values[0]: FieldValueInvalid',
  ]);
});

describe.skipIf(sharedData === undefined)('as recorded from Kubernetes', () => {
  const steps = scenarios('validation-metadata')
    .flatMap((s) => s.steps)
    .filter(
      (s) => s.method === 'POST' && s.expect.status === 422 && /"metadata\.(labels|annotations)"/.test(JSON.stringify(s.expect.body)),
    );

  test.each(steps.map((s) => [JSON.stringify((s.body as JsonObject).metadata).slice(0, 120), s] as const))('%s', (_, step) => {
    const body = JSON.stringify(step.body).replace(/\{"\$repeat":\["x",(\d+)\]\}/g, (_m, n) => JSON.stringify('x'.repeat(Number(n))));
    const metadata = (JSON.parse(body) as { metadata: { labels?: Record<string, string>; annotations?: Record<string, string> } }).metadata;
    const errors = new FieldErrors();
    validateLabels(metadata.labels, 'metadata.labels', errors);
    validateAnnotations(metadata.annotations, 'metadata.annotations', errors);
    const recorded = (step.expect.body.details as unknown as { causes: readonly object[] }).causes;
    const sorted = (causes: readonly object[]): string[] => causes.map((c) => JSON.stringify(c, ['reason', 'field', 'message'])).sort();
    expect(sorted(errors.causes)).toEqual(sorted(recorded));
  });
});
