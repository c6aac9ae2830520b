import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expandVariables } from '../../src/kubelet/variable-expansion.ts';

const values: Readonly<Record<string, string>> = { A: 'a', B: '$(A)', EMPTY: '' };
const expand = (text: string): string => expandVariables(text, (name) => values[name]);

test.each([
  ['', ''],
  ['plain', 'plain'],
  ['$(A)', 'a'],
  ['x$(A)y$(A)', 'xaya'],
  ['$(B)', '$(A)'],
  ['$(EMPTY)|', '|'],
  ['$(NOBODY)', '$(NOBODY)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$a'],
  ['$$$$(A)', '$$(A)'],
  ['$A', '$A'],
  ['$', '$'],
  ['a$', 'a$'],
  ['$(A', '$(A'],
  ['$(A$(A)', '$(A$(A)'],
  ['$()', '$()'],
  ['100%$ $(A)', '100%$ a'],
])('%j is %j', (text, expected) => {
  expect(expand(text)).toBe(expected);
});

test('names without a value are told', () => {
  const unknown: string[] = [];
  expandVariables(
    '$(A)$(X)$$(Y)$(Z)',
    (name) => values[name],
    (name) => unknown.push(name),
  );
  expect(unknown).toEqual(['X', 'Z']);
});

test('text without a dollar is never touched; doubling every dollar undoes expansion', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(expand(text.replaceAll('$', ''))).toBe(text.replaceAll('$', ''));
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('$', '(', ')', 'A', 'x') }), (text) => {
      expect(expand(text.replaceAll('$', '$$$$'))).toBe(text);
    }),
  );
});
