import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LinearRegExp } from '../../src/api/linear-regexp.ts';
import { ParseError } from '../../src/errors.ts';

const matches = (pattern: string, text: string): boolean => LinearRegExp.compile(pattern).test(text);

test.each<[string, readonly string[], readonly string[]]>([
  ['abc', ['abc', 'xabcx'], ['ab', '']],
  ['^abc$', ['abc'], ['xabc', 'abcx']],
  ['a|b', ['a', 'b'], ['c']],
  ['^(a|bc)*$', ['', 'abc', 'bcbc'], ['b', 'ac']],
  ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
  ['^a{2}$', ['aa'], ['a', 'aaa']],
  ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
  ['^a?b+?$', ['b', 'abb'], ['a']],
  ['^[a-c0-9_]+$', ['a1_'], ['d', '']],
  ['^[^a-c]$', ['d'], ['a']],
  ['^[]a]$', [']', 'a'], ['b']],
  ['^[a-]$', ['-', 'a'], ['b']],
  ['^[[:alpha:]]+$', ['ab'], ['1']],
  [String.raw`^\d+\.\w+\s$`, ['1.a '], ['a.a ']],
  [String.raw`^[\d\-\]]+$`, ['1-]'], ['a']],
  ['^.$', ['a', '😀', 'é'], ['\n', 'ab']],
  ['(?s)^.$', ['\n'], []],
  ['(?i)^AbC$', ['abc', 'ABC'], ['abd']],
  ['^a(?i:b)c$', ['aBc'], ['aBC', 'Abc']],
  ['(?m)^b$', ['a\nb\nc'], ['ab']],
  [String.raw`\bfoo\b`, ['a foo b', 'foo'], ['foobar']],
  [String.raw`^\p{Lu}\p{L}*$`, ['Ärger'], ['ärger']],
  [String.raw`^\x41\x{1F600}$`, ['A😀'], ['A']],
  ['^(?P<name>a)(?<n>b)(?:c)$', ['abc'], ['ab']],
  ['', ['', 'x'], []],
  ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', ['my-name', 'a'], ['-a', 'a-', 'A']],
  [String.raw`^\^\$\.$`, ['^$.'], ['a']],
  ['a{,2}', ['a{,2}'], ['aa']],
  ['^(|a)+$', ['', 'aa'], ['b']],
])('%s', (pattern, yes, no) => {
  for (const text of yes) expect([text, matches(pattern, text)]).toEqual([text, true]);
  for (const text of no) expect([text, matches(pattern, text)]).toEqual([text, false]);
});

test.each([
  ['(', 'missing closing )'],
  [')', 'unexpected )'],
  ['[a', 'missing closing ]'],
  ['*a', 'missing argument to repetition operator: *'],
  ['a**', 'invalid nested repetition operator'],
  ['a{3,2}', 'invalid repeat count'],
  ['a{1001}', 'invalid repeat count'],
  ['(?=a)', 'unsupported Perl syntax'],
  ['(?<!a)', 'unsupported Perl syntax'],
  [String.raw`(a)\1`, 'invalid escape sequence: \\1'],
  ['\\', 'trailing backslash'],
  ['[z-a]', 'invalid character class range'],
  [String.raw`\p{Nope}`, 'invalid character class range'],
  [`${'('.repeat(200)}a${')'.repeat(200)}`, 'nests too deeply'],
  ['((a{1000}){1000}){1000}', 'too large'],
  ['((){1000}){1000}', 'too large'],
])('%s is refused', (pattern, words) => {
  expect(() => LinearRegExp.compile(pattern)).toThrow(ParseError);
  expect(() => LinearRegExp.compile(pattern)).toThrow(words);
});

describe('no pattern is slow', () => {
  test.each(['^(a+)+$', '^(a|a)*$', '^(a|aa)+$', '^(.*a){20}$', '^((a*)*)*$'])('%s', (pattern) => {
    expect(matches(pattern, `${'a'.repeat(20_000)}!`)).toBe(false);
  });

  test('what would cost too much is refused', () => {
    expect(() => matches('a{1000}', 'a'.repeat(1_000_000))).toThrow('too long for this pattern');
  });
});

test('the same as the built-in engine where both have the syntax', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', String.raw`\w`, String.raw`\b`, '^', '$', '(a|b)', '(ab?)', '(?:b)');
  const part = fc
    .tuple(atom, fc.constantFrom('', '*', '+', '?', '{1,2}', '{2}', '*?'))
    .map(([a, q]) => (/^[\^$]|^\\b/.test(a) ? a : a + q));
  const pattern = fc
    .array(
      fc.array(part, { maxLength: 4 }).map((parts) => parts.join('')),
      { minLength: 1, maxLength: 2 },
    )
    .map((options) => options.join('|'));
  const text = fc.array(fc.constantFrom('a', 'b', 'c', ' ', '\n'), { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      expect([p, t, matches(p, t)]).toEqual([p, t, new RegExp(p, 'u').test(t)]);
    }),
    { numRuns: 2000 },
  );
});
