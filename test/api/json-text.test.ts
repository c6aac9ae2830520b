import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJsonText } from '../../src/api/json-text.ts';
import { ParseError } from '../../src/errors.ts';
import { sharedData } from '../shared-data.ts';
import { scenarios } from './corpus.ts';

test.each([
  ['{', 'unexpected end of JSON input'],
  ['', 'unexpected end of JSON input'],
  ['[1,', 'unexpected end of JSON input'],
  ['"a', 'unexpected end of JSON input'],
  ['{"a":}', "invalid character '}' looking for beginning of value"],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b":2}', `invalid character '"' after object key:value pair`],
  ['[1 2]', "invalid character '2' after array element"],
  ['{} x', "invalid character 'x' after top-level value"],
  ['not json', "invalid character 'o' in literal null (expecting 'u')"],
  ['trux', "invalid character 'x' in literal true (expecting 'e')"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['1e', 'unexpected end of JSON input'],
  ['"\n"', "invalid character '\\n' in string literal"],
  [String.raw`"\x"`, "invalid character 'x' in string escape code"],
  [String.raw`"\u12g4"`, "invalid character 'g' in \\u hexadecimal character escape"],
  ["'a'", "invalid character '\\'' looking for beginning of value"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['01', "invalid character '1' after top-level value"],
])('%j: %s', (text, words) => {
  expect(() => parseJsonText(text)).toThrow(ParseError);
  expect(() => parseJsonText(text)).toThrow(words);
});

test('fields that stand twice are named', () => {
  const text = '{"a":1,"spec":{"b":[{"c":1,"c":2},{"c":3}],"b":[]},"a":2,"\\u0061":3}';
  expect(parseJsonText(text)).toEqual({ value: { a: 3, spec: { b: [] } }, duplicateFields: ['spec.b[0].c', 'spec.b', 'a', 'a'] });
  expect(parseJsonText('{"a":{"b":1},"c":{"b":1}}').duplicateFields).toEqual([]);
  expect(parseJsonText('{"a":1,"a":1}\n').duplicateFields).toEqual(['a']);
  // Deeper than can be written back.
  const deep = 200_000;
  expect(parseJsonText(`{"a":1,"a":${'['.repeat(deep)}${']'.repeat(deep)}}`).duplicateFields).toEqual(['a']);
});

test('depth does no harm', () => {
  expect(() => parseJsonText('['.repeat(1_000_000))).toThrow('unexpected end of JSON input');
  expect(parseJsonText('['.repeat(5000) + ']'.repeat(5000)).duplicateFields).toEqual([]);
});

test('reads what JSON.parse reads, refuses what it refuses', () => {
  const text = fc.oneof(
    fc.json(),
    fc.string(),
    fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', 'null', '-', '.', 'e', ' ', '\\')).map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, (t) => {
      let expected: { value: unknown } | undefined;
      try {
        expected = { value: JSON.parse(t) };
      } catch {
        expected = undefined;
      }
      if (expected === undefined) expect(() => parseJsonText(t)).toThrow(/^(?:invalid character|unexpected end)/);
      else expect(parseJsonText(t).value).toEqual(expected.value);
    }),
    { numRuns: 500 },
  );
});

describe.skipIf(sharedData === undefined)('as recorded from Kubernetes', () => {
  const steps = scenarios('errors-body')
    .flatMap((s) => s.steps as readonly { raw?: string; contentType?: string; expect: { body?: { message?: string } } }[])
    .filter(
      (s) =>
        typeof s.raw === 'string' &&
        s.contentType?.includes('yaml') !== true &&
        /json parse error: (?:invalid|unexpected)/.test(s.expect.body?.message ?? ''),
    );

  test('there is something to compare with', () => {
    expect(steps.length).toBeGreaterThan(4);
  });

  test.each(steps.map((s) => [s.raw!, s.expect.body!.message!] as const))('%j', (raw, message) => {
    expect(() => parseJsonText(raw)).toThrow(
      /json parse error: ((?:invalid|unexpected)[^(]*(?:\(expecting[^)]*\))?)/.exec(message)![1]!.trim(),
    );
  });
});
