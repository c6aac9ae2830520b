import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LabelMatcher } from '../../src/api/label-matcher.ts';
import { ParseError } from '../../src/errors.ts';
import { sharedData } from '../shared-data.ts';
import { query, scenarios } from './corpus.ts';

const labels = { app: 'web', tier: 'front', size: '10', empty: '' };

test.each([
  ['', true],
  ['app=web', true],
  ['app==web', true],
  ['app = web', true],
  ['app=db', false],
  ['app!=db', true],
  ['none!=x', true],
  ['app', true],
  ['!app', false],
  ['!none', true],
  ['app in (web, db)', true],
  ['app in (db)', false],
  ['app notin (db)', true],
  ['none notin (db)', true],
  ['none in (db)', false],
  ['empty=', true],
  ['empty in ()', true],
  ['app=', false],
  ['size>9', true],
  ['size>10', false],
  ['size<11', true],
  ['app>1', false],
  ['app=web,tier in (front,back),!legacy', true],
  ['in=1', false],
  ['empty in (a,)', true],
  ['constructor', false],
  ['!constructor', true],
])('%j on the labels gives %s', (text, expected) => {
  expect(LabelMatcher.parse(text).matches(labels)).toBe(expected);
});

test.each([
  ['=b', "found '=', expected: !, identifier, or 'end of string'"],
  ['a=b,', "found '', expected: identifier after ','"],
  [',a=b', "found ',', expected: !, identifier, or 'end of string'"],
  ['a=b=c', "found '=', expected: ',' or 'end of string'"],
  ['a b', "unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'"],
  ['!', "unable to parse requirement: found '', expected: identifier"],
  ['a=!b', "unable to parse requirement: found '!', expected: identifier"],
  ['a in', "unable to parse requirement: found '' expected: '('"],
  ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
  ['a in (!', "unable to parse requirement: found '!', expected: ',', ')' or identifier"],
  ['a in (b,!)', "unable to parse requirement: found '!', expected: ',', or identifier"],
  ['a>b', 'the value must be an integer'],
  ['a/b/c=d', 'key: Invalid value: "a/b/c": a qualified name'],
  ['a=b@c', 'values[0][a]: Invalid value: "b@c": a valid label must be'],
])('%j is refused: %s', (text, words) => {
  expect(() => LabelMatcher.parse(text)).toThrow(ParseError);
  expect(() => LabelMatcher.parse(text)).toThrow(words);
});

describe('objects', () => {
  test('no selector selects nothing, an empty one everything', () => {
    expect(LabelMatcher.of(undefined).matches({})).toBe(false);
    expect(LabelMatcher.of({}).matches(undefined)).toBe(true);
    expect(LabelMatcher.ofMap(undefined).matchesEverything).toBe(true);
  });

  test('labels and expressions hold together', () => {
    const matcher = LabelMatcher.of({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['front', 'back'] },
        { key: 'legacy', operator: 'DoesNotExist' },
      ],
    });
    expect(matcher.matches(labels)).toBe(true);
    expect(matcher.matches({ ...labels, legacy: '1' })).toBe(false);
    expect(matcher.toString()).toBe('app=web,!legacy,tier in (back,front)');
  });

  test('an unknown operator is refused', () => {
    expect(() => LabelMatcher.of({ matchExpressions: [{ key: 'a', operator: 'Near', values: ['b'] }] })).toThrow(
      '"Near" is not a valid label selector operator',
    );
  });
});

test('what toString writes, parse reads, and it matches the same', () => {
  const key = fc.constantFrom('a', 'b', 'example.com/c', 'in', 'notin');
  const value = fc.constantFrom('', 'x', 'y', 'in');
  const clause = fc.oneof(
    fc.tuple(key, fc.constantFrom('=', '==', '!='), value).map((t) => t.join('')),
    fc
      .tuple(key, fc.constantFrom(' in ', ' notin '), fc.array(value, { minLength: 1, maxLength: 3 }))
      .map(([k, o, v]) => `${k}${o}(${v.join(',')})`),
    key,
    key.map((k) => `!${k}`),
  );
  fc.assert(
    fc.property(fc.array(clause, { maxLength: 4 }), fc.dictionary(key, value), (clauses, map) => {
      const matcher = LabelMatcher.parse(clauses.join(','));
      const again = LabelMatcher.parse(matcher.toString());
      expect(again.toString()).toBe(matcher.toString());
      expect(again.matches(map)).toBe(matcher.matches(map));
    }),
  );
});

describe.skipIf(sharedData === undefined)('as recorded from Kubernetes', () => {
  const steps = [...scenarios('errors-selector'), ...scenarios('list-selectors')]
    .flatMap((s) => s.steps)
    .filter((s) => query(s.path, 'labelSelector') !== undefined);

  test('there is something to compare with', () => {
    expect(steps.length).toBeGreaterThan(20);
  });

  test.each(steps.map((s) => [query(s.path, 'labelSelector')!, s.expect.status, s.expect.body?.message] as const))(
    '%j: %d',
    (text, status, message) => {
      if (status === 200 || typeof message !== 'string' || message.includes('field')) expect(() => LabelMatcher.parse(text)).not.toThrow();
      else expect(() => LabelMatcher.parse(text)).toThrow(message);
    },
  );
});
