import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Comparison } from '../../../src/api/apply/comparison.ts';
import { fieldSetOf } from '../../../src/api/apply/field-set-of.ts';
import { MergeShapes } from '../../../src/api/apply/merge-shape.ts';
import { mergedOrder, mergeValues } from '../../../src/api/apply/merge-values.ts';
import { shownPath } from '../../../src/api/apply/path-element.ts';
import { removeItems } from '../../../src/api/apply/remove-items.ts';
import { deepFreeze } from '../../../src/api/object.ts';
import { SchemaTable } from '../../../src/api/schema.ts';

const shape = new MergeShapes(new SchemaTable()).of('PodSpec');
const live = deepFreeze({
  containers: [
    { name: 'a', image: '1', args: ['x'] },
    { name: 'b', image: '1' },
  ],
  overhead: { cpu: '1' },
  tolerations: [{ key: 'k' }],
});

describe('merging', () => {
  test('list elements by key, maps by key, atomic lists as a whole', () => {
    expect(
      mergeValues(live, { containers: [{ name: 'b', image: '2' }, { name: 'c' }], overhead: { memory: '1Gi' }, tolerations: [] }, shape),
    ).toEqual({
      containers: [live.containers[0], { name: 'b', image: '2' }, { name: 'c' }],
      overhead: { cpu: '1', memory: '1Gi' },
      tolerations: [],
    });
  });

  test('what does not change is shared', () => {
    expect(mergeValues(live, { containers: [{ name: 'a', image: '1' }], overhead: {} }, shape)).toBe(live);
    expect((mergeValues(live, { overhead: { cpu: '2' } }, shape) as typeof live).containers).toBe(live.containers);
  });

  test.each([
    [
      ['a', 'b', 'c'],
      ['c', 'a'],
      ['b', 'c', 'a'],
    ],
    [
      ['a', 'b'],
      ['x', 'b'],
      ['a', 'x', 'b'],
    ],
    [
      ['a', 'b'],
      ['a', 'x', 'b'],
      ['a', 'x', 'b'],
    ],
    [['a'], ['b'], ['a', 'b']],
    [[], ['b', 'a'], ['b', 'a']],
  ])('order of %j with %j is %j', (old, now, expected) => {
    expect(mergedOrder(old, now)).toEqual(expected);
  });

  test('the order has everything once and keeps that of the configuration', () => {
    const list = fc.uniqueArray(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e', 'f'));
    fc.assert(
      fc.property(list, list, (old, now) => {
        const order = mergedOrder(old, now);
        expect([...order].sort()).toEqual([...new Set([...old, ...now])].sort());
        expect(order.filter((e) => now.includes(e))).toEqual(now);
      }),
    );
  });
});

const container = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'c'),
    image: fc.constantFrom('1', '2'),
    args: fc.array(fc.constantFrom('x', 'y'), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ['name'] },
);
const spec = fc.record(
  {
    containers: fc.uniqueArray(container, { selector: (c) => c.name, minLength: 1 }),
    overhead: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { minKeys: 1 }),
    tolerations: fc.array(fc.record({ key: fc.constantFrom('k', 'l') }), { minLength: 1, maxLength: 2 }),
  },
  { requiredKeys: ['containers'] },
);

describe('comparing', () => {
  test('says what came, changed and went', () => {
    const after = {
      containers: [{ name: 'a', image: '2', args: ['x'] }, { name: 'c' }],
      overhead: { cpu: '1' },
      tolerations: [{ key: 'l' }],
    };
    const { added, modified, removed } = Comparison.between(live, after, shape);
    expect(added.paths().map(shownPath)).toEqual(['.containers[name="c"]', '.containers[name="c"].name']);
    expect(modified.paths().map(shownPath)).toEqual(['.tolerations', '.containers[name="a"].image']);
    expect(removed.paths().map(shownPath)).toEqual(['.containers[name="b"]', '.containers[name="b"].image', '.containers[name="b"].name']);
  });

  test('a value is the same as itself; what came one way went the other', () => {
    fc.assert(
      fc.property(spec, spec, (a, b) => {
        expect(Comparison.between(a, structuredClone(a), shape).same).toBe(true);
        const there = Comparison.between(a, b, shape);
        const back = Comparison.between(b, a, shape);
        expect(there.added.equals(back.removed)).toBe(true);
        expect(there.modified.equals(back.modified)).toBe(true);
      }),
    );
  });
});

describe('laws', () => {
  test('merging twice is merging once, and a merge has all that was asked for', () => {
    fc.assert(
      fc.property(spec, spec, (a, config) => {
        const merged = mergeValues(deepFreeze(a), deepFreeze(config), shape);
        expect(mergeValues(merged, config, shape)).toBe(merged);
        const claimed = fieldSetOf(config, shape);
        expect(claimed.difference(fieldSetOf(merged, shape)).empty).toBe(true);
        expect(
          Comparison.between(a, merged, shape)
            .changed()
            .difference(claimed)
            .paths()
            .every((p) => p.length === 1),
        ).toBe(true);
      }),
    );
  });

  test('removing all that a value has leaves nothing, removing nothing leaves it', () => {
    fc.assert(
      fc.property(spec, (a) => {
        const all = fieldSetOf(a, shape);
        expect(removeItems(a, all.withNamedFields(shape), shape)).toBeUndefined();
        expect(removeItems(a, all.difference(all), shape)).toBe(a);
      }),
    );
  });
});
