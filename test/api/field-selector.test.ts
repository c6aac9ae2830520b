import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FieldSelector } from '../../src/api/field-selector.ts';
import { BadRequestError, ParseError } from '../../src/errors.ts';
import { sharedData } from '../shared-data.ts';
import { query, scenarios } from './corpus.ts';

const fields: Record<string, string> = { 'metadata.name': 'web', 'status.phase': 'Running', 'spec.nodeName': '' };
const read = (field: string): string => fields[field] ?? '';

test.each([
  ['', true],
  ['metadata.name=web', true],
  ['metadata.name==web', true],
  ['metadata.name!=web', false],
  ['spec.nodeName=', true],
  ['spec.nodeName!=', false],
  ['metadata.name=web,status.phase=Running', true],
  ['metadata.name=web,status.phase=Failed', false],
  [',metadata.name=web,', true],
])('%j gives %s', (text, expected) => {
  expect(FieldSelector.parse(text).matches(read)).toBe(expected);
});

test('backslashes keep commas, equal signs and themselves', () => {
  const selector = FieldSelector.parse('a=x\\,y\\=z\\\\');
  expect(selector.exactValue('a')).toBe('x,y=z\\');
  expect(selector.toString()).toBe('a=x\\,y\\=z\\\\');
});

test.each([
  ['metadata.name', "invalid selector: 'metadata.name'; can't understand 'metadata.name'"],
  ['a=b=c', 'unescaped character in value: 61'],
  ['a=\\n', 'invalid escape sequence: \\n'],
])('%j is refused', (text, words) => {
  expect(() => FieldSelector.parse(text)).toThrow(ParseError);
  expect(() => FieldSelector.parse(text)).toThrow(words);
});

test('a field that cannot be selected by is refused', () => {
  expect(() => FieldSelector.parse('spec.x=1').requireKnown([])).toThrow(BadRequestError);
});

test('what toString writes, parse reads', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b.c'), fc.constantFrom('=', '!='), fc.string())), (terms) => {
      const text = terms.map(([f, o, v]) => `${f}${o}${v.replace(/[\\,=]/g, '\\$&')}`).join(',');
      const selector = FieldSelector.parse(text);
      expect(selector.requirements.map((r) => [r.field, r.operator, r.value])).toEqual(terms);
      expect(FieldSelector.parse(selector.toString()).requirements).toEqual(selector.requirements);
    }),
  );
});

describe.skipIf(sharedData === undefined)('as recorded from Kubernetes', () => {
  const steps = [...scenarios('errors-selector'), ...scenarios('list-selectors')]
    .flatMap((s) => s.steps)
    .filter((s) => query(s.path, 'fieldSelector') !== undefined);

  test.each(steps.map((s) => [query(s.path, 'fieldSelector')!, s.expect.body?.message] as const))('%j', (text, message) => {
    if (typeof message === 'string' && message.startsWith('invalid selector')) expect(() => FieldSelector.parse(text)).toThrow(message);
    else expect(FieldSelector.parse(text)).toBeInstanceOf(FieldSelector);
  });
});
