import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Quantity } from '../../src/api/quantity.ts';
import { QuantityCache } from '../../src/api/quantity-cache.ts';
import { ParseError } from '../../src/errors.ts';

const canonical: readonly (readonly [string | number, string])[] = [
  ['500m', '500m'],
  ['1000m', '1'],
  ['0.5', '500m'],
  ['.5', '500m'],
  ['1.', '1.'],
  ['+1', '+1'],
  ['2.5', '2500m'],
  ['1e3', '1e3'],
  ['1E3', '1E3'],
  ['12e-1', '1200e-3'],
  ['1e-1', '100e-3'],
  ['1e1', '10'],
  ['0.1e1', '1'],
  ['1.5E', '1500P'],
  ['1Gi', '1Gi'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['1.25Ki', '1280'],
  ['0.1Gi', '107374182400m'],
  ['1000Gi', '1000Gi'],
  ['3.000Gi', '3Gi'],
  ['1000000', '1M'],
  ['1000M', '1G'],
  ['123456789', '123456789'],
  ['33.333', '33.333'],
  ['00100m', '00100m'],
  ['0m', '0'],
  ['-0', '0'],
  ['100000000000000000000n', '100G'],
  ['99999999999999999999', '99999999999999999999'],
  ['9223372036854775808', '9223372036854775808'],
  ['8Ei', '9223372036854775807'],
  ['100Ei', '9223372036854775807'],
  ['0.9n', '1n'],
  ['1e-20', '1e-9'],
  ['-1.5', '-1500m'],
  ['-2Ki', '-2Ki'],
  ['0.5Ki', '512'],
  ['1000E', '1e21'],
  [1, '1'],
  [0.5, '500m'],
  [1e21, '1e+21'],
  [' 1 ', '1'],
];

test.each(canonical)('parse(%j) is written %s', (input, output) => {
  expect(Quantity.parse(input).toString()).toBe(output);
});

test.each([
  ['', 'quantities must match'],
  ['abc', 'quantities must match'],
  ['1.2.3', 'quantities must match'],
  ['1_000', 'quantities must match'],
  ['0x10', 'quantities must match'],
  ['1KI', 'quantities must match'],
  ['10Kb', 'quantities must match'],
  ['1mi', "parse quantity's suffix"],
  ['1i', "parse quantity's suffix"],
  ['1e', "parse quantity's suffix"],
  ['1ee3', "parse quantity's suffix"],
  ['1e99999999999', 'exponents above'],
  ['1'.repeat(300), 'longer than'],
])('parse(%j) is refused', (input, words) => {
  expect(() => Quantity.parse(input)).toThrow(ParseError);
  expect(() => Quantity.parse(input)).toThrow(words);
});

describe('numbers', () => {
  test.each([
    ['100m', 100, 1, 0.1],
    ['1500m', 1500, 2, 1.5],
    ['1Ki', 1_024_000, 1024, 1024],
    ['1n', 1, 1, 1e-9],
    ['-1500u', -2, -1, -0.0015],
  ] as const)('%s is %d milli, %d whole, %d', (text, milli, integer, number) => {
    const quantity = Quantity.parse(text);
    expect(quantity.toMilli()).toBe(milli);
    expect(quantity.toInteger()).toBe(integer);
    expect(quantity.toNumber()).toBeCloseTo(number, 12);
  });

  test('rounding up to milli keeps what is exact as it was written', () => {
    expect(Quantity.parse('1n').roundUpToMilli().toString()).toBe('1m');
    expect(Quantity.parse('0.3333333333').roundUpToMilli().toString()).toBe('334m');
    expect(Quantity.parse('33.333').roundUpToMilli().toString()).toBe('33.333');
  });

  test('a sum takes the notation of its first part, or of the second if the first is zero', () => {
    expect(Quantity.parse('1Gi').add(Quantity.parse('1024')).toString()).toBe('1048577Ki');
    expect(Quantity.parse('0').add(Quantity.parse('1Gi')).toString()).toBe('1Gi');
    expect(Quantity.parse('2Gi').sub(Quantity.parse('1Gi')).toString()).toBe('1Gi');
  });
});

describe('algebra', () => {
  const suffix = fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'e-4', 'E2');
  const text = fc
    .tuple(fc.constantFrom('', '-', '+'), fc.integer({ min: 0, max: 1e9 }), fc.constantFrom('', '.5', '.25', '.001', '.'), suffix)
    .map((p) => p.join(''));
  const quantity = text.map((t) => Quantity.parse(t));

  test('the canonical text keeps the value and is a fixed point', () => {
    fc.assert(
      fc.property(quantity, (q) => {
        // A binary amount that is no multiple of 1024 is written without a suffix, and read as a decimal one: as in Kubernetes.
        const again = Quantity.parse(q.toString());
        expect(again.nano).toBe(q.nano);
        expect(Quantity.parse(again.toString()).toString()).toBe(again.toString());
      }),
      { examples: [[Quantity.parse('788554906.25Ki')]] },
    );
  });

  test('addition is commutative and associative, subtraction undoes it', () => {
    fc.assert(
      fc.property(quantity, quantity, quantity, (a, b, c) => {
        expect(a.add(b).equals(b.add(a))).toBe(true);
        expect(
          a
            .add(b)
            .add(c)
            .equals(a.add(b.add(c))),
        ).toBe(true);
        expect(a.add(b).sub(b).equals(a)).toBe(true);
      }),
    );
  });

  test('compare is a total order that addition keeps', () => {
    fc.assert(
      fc.property(quantity, quantity, quantity, (a, b, c) => {
        expect(a.compare(b) + b.compare(a)).toBe(0);
        expect(a.add(c).compare(b.add(c))).toBe(a.compare(b));
        expect(Quantity.parse(a.toString()).compare(b)).toBe(a.compare(b));
      }),
    );
  });
});

test('the cache gives the same quantity again and stays bounded', () => {
  const cache = new QuantityCache();
  const first = cache.get('100m');
  expect(cache.get('100m')).toBe(first);
  for (let i = 1; i <= 5000; i++) cache.milli(`${i}u`);
  expect(cache.get('100m')).not.toBe(first);
  expect(cache.milli('1.5')).toBe(1500);
  expect(cache.integer('1Gi')).toBe(1_073_741_824);
});
