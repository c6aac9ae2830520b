import { describe, expect, test } from 'vitest';
import { CelExpression } from '../../src/api/cel.ts';
import { ParseError } from '../../src/errors.ts';

const self = {
  min: 1,
  max: 3,
  replicas: 2,
  name: 'web-1',
  ratio: 1.5,
  list: [1, 2, 3],
  names: ['a', 'b'],
  map: { x: 1, y: 2 },
  'with-dash': 'd',
  namespace: 'n',
  containers: [
    { name: 'a', ports: [80, 81] },
    { name: 'b', ports: [82] },
  ],
  cpu: '500m',
  url: 'https://example.com/x',
};
const schema = { properties: { 'with-dash': { type: 'string' }, namespace: { type: 'string' }, ratio: { type: 'number' } } };

test.each([
  ['self.min <= self.replicas && self.replicas <= self.max', true],
  ['self.replicas > self.max', false],
  ['self.list.all(x, x > 0)', true],
  ['self.list.exists(x, x == 4)', false],
  ['self.list.exists_one(x, x == 2)', true],
  ['self.list.filter(x, x > 1).size() == 2', true],
  ['self.list.map(x, x * 2) == [2, 4, 6]', true],
  ['size(self.names) == 2', true],
  ['has(self.nothing)', false],
  ['has(self.min) ? self.min == 1 : false', true],
  ['self.name.startsWith("web")', true],
  ['self.name.matches("^[a-z]+-[0-9]+$")', true],
  ['self.name . matches ( "^x" )', false],
  ['"matches" == "matches" && self.name.matches("web")', true],
  ['self.map.all(k, self.map[k] > 0)', true],
  ['"x" in self.map', true],
  ['self.with__dash__dash == "d"', true],
  ['self.__namespace__ == "n"', true],
  ['self.ratio > 1.0', true],
  ['self.replicas % 2 == 0', true],
  ['self.list.sum() == 6', true],
  ['self.list.isSorted() && self.list.max() == 3 && self.list.min() == 1', true],
  ['self.names.indexOf("b") == 1', true],
  ['quantity(self.cpu).isLessThan(quantity("1"))', true],
  ['isQuantity("x") || quantity("1Gi").compareTo(quantity("1024Mi")) == 0', true],
  ['isURL(self.url)', true],
  ['self.?nothing.orValue(5) == 5', true],
  ['type(self.min) == int', true],
  ['self.containers.all(c, c.ports.all(p, p > 79))', true],
])('%s is %s', (expression, expected) => {
  expect(CelExpression.compile(expression, schema).holds({ self })).toBe(expected);
});

describe('transition rules', () => {
  test('see the value before', () => {
    const rule = CelExpression.compile('self.replicas >= oldSelf.replicas');
    expect(rule.usesOldSelf).toBe(true);
    expect(rule.holds({ self: { replicas: 2 }, oldSelf: { replicas: 1 } })).toBe(true);
    expect(rule.holds({ self: { replicas: 1 }, oldSelf: { replicas: 2 } })).toBe(false);
    expect(CelExpression.compile('self.oldSelf == 1').usesOldSelf).toBe(false);
  });
});

test.each([
  ['self.', 'compilation failed'],
  ['self.a +', 'compilation failed'],
  ['unknown == 1', 'compilation failed'],
  ['"a" + 1', 'compilation failed'],
  ['nope(self)', 'compilation failed'],
  [`${'('.repeat(200)}1${')'.repeat(200)}`, 'compilation failed'],
])('%s does not compile', (expression, words) => {
  expect(() => CelExpression.compile(expression)).toThrow(ParseError);
  expect(() => CelExpression.compile(expression)).toThrow(words);
});

test.each([
  ['self.nothing == 1', 'rule evaluation error: No such key: nothing'],
  ['1 / 0 == 1', 'rule evaluation error'],
  ['self.min', 'expected true or false, got int'],
  ['self.name.matches("(")', 'rule evaluation error'],
  ['quantity("x").sign() == 0', 'rule evaluation error'],
  ['self.constructor == 1', 'No such key: constructor'],
])('%s fails', (expression, words) => {
  expect(() => CelExpression.compile(expression).holds({ self })).toThrow(words);
});

describe('cost', () => {
  const long = { self: { list: Array.from({ length: 2000 }, (_, i) => i) } };

  test('one loop over a long list is fine, three are refused before they begin', () => {
    expect(CelExpression.compile('self.list.all(x, x >= 0)').holds(long)).toBe(true);
    const nested = CelExpression.compile('self.list.all(x, self.list.all(y, self.list.all(z, x + y + z >= 0)))');
    expect(() => nested.holds(long)).toThrow('call cost exceeds limit for rule');
    expect(nested.holds({ self: { list: [1, 2, 3] } })).toBe(true);
  });

  test('a long text costs nothing unless it can be looped over', () => {
    const text = 'a,'.repeat(5000);
    expect(CelExpression.compile('self.l.all(x, self.l.all(y, self.text.size() > x + y))').holds({ self: { l: [1, 2], text } })).toBe(true);
    const split = CelExpression.compile('self.text.split(",").all(x, self.text.split(",").all(y, x == y))');
    expect(() => split.holds({ self: { text } })).toThrow('call cost exceeds limit');
  });

  test('a pattern cannot be made slow', () => {
    const rule = CelExpression.compile('self.text.matches("^(a+)+$")');
    expect(rule.holds({ self: { text: `${'a'.repeat(5000)}!` } })).toBe(false);
  });
});
