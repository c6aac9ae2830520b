import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FieldSet } from '../../../src/api/apply/field-set.ts';
import { canonicalElement, shownPath } from '../../../src/api/apply/path-element.ts';

const element = fc.constantFrom('f:a', 'f:b', 'k:{"name":"x"}', 'k:{"name":"y"}', 'v:"s"', 'i:0');
const path = fc.array(element, { minLength: 1, maxLength: 4 });
const paths = fc.array(path, { maxLength: 8 });
const key = (p: readonly string[]): string => JSON.stringify(p);
const keys = (set: FieldSet): Set<string> => new Set(set.paths().map(key));

describe('a set of paths is a set', () => {
  test('union, intersection and difference are those of the paths', () => {
    fc.assert(
      fc.property(paths, paths, (p, q) => {
        const a = FieldSet.of(...p);
        const b = FieldSet.of(...q);
        const inA = new Set(p.map(key));
        const inB = new Set(q.map(key));
        expect(keys(a)).toEqual(inA);
        expect(keys(a.union(b))).toEqual(new Set([...inA, ...inB]));
        expect(keys(a.intersection(b))).toEqual(new Set([...inA].filter((k) => inB.has(k))));
        expect(keys(a.difference(b))).toEqual(new Set([...inA].filter((k) => !inB.has(k))));
        const under = (k: string): boolean => q.some((r) => key(r) === JSON.stringify((JSON.parse(k) as string[]).slice(0, r.length)));
        expect(keys(a.recursiveDifference(b))).toEqual(new Set([...inA].filter((k) => !under(k))));
      }),
    );
  });

  test('an empty one is empty, whatever it was made by', () => {
    fc.assert(
      fc.property(paths, (p) => {
        const set = FieldSet.of(...p);
        expect(set.difference(set).empty).toBe(true);
        expect(set.intersection(new FieldSet()).empty).toBe(true);
        expect(set.empty).toBe(p.length === 0);
      }),
    );
  });

  test('operations do not change their operands', () => {
    fc.assert(
      fc.property(paths, paths, (p, q) => {
        const a = FieldSet.of(...p);
        const b = FieldSet.of(...q);
        a.union(b);
        a.difference(b);
        a.intersection(b);
        expect(keys(a)).toEqual(new Set(p.map(key)));
        expect(keys(b)).toEqual(new Set(q.map(key)));
      }),
    );
  });

  test('FieldsV1 is written and read back', () => {
    fc.assert(
      fc.property(paths, (p) => {
        const set = FieldSet.of(...p);
        expect(FieldSet.fromFieldsV1(JSON.parse(JSON.stringify(set.toFieldsV1())))!.equals(set)).toBe(true);
      }),
    );
  });
});

test('the notation is that of Kubernetes', () => {
  const set = FieldSet.of(
    ['f:spec', 'f:containers', 'k:{"name":"a"}'],
    ['f:spec', 'f:containers', 'k:{"name":"a"}', 'f:image'],
    ['f:metadata', 'f:finalizers', 'v:"x/y"'],
  );
  expect(set.toFieldsV1()).toEqual({
    'f:metadata': { 'f:finalizers': { 'v:"x/y"': {} } },
    'f:spec': { 'f:containers': { 'k:{"name":"a"}': { '.': {}, 'f:image': {} } } },
  });
  expect(set.paths().map(shownPath)).toEqual([
    '.metadata.finalizers[="x/y"]',
    '.spec.containers[name="a"]',
    '.spec.containers[name="a"].image',
  ]);
  expect(shownPath(['f:ports', 'k:{"containerPort":80,"protocol":"TCP"}'])).toBe('.ports[containerPort=80,protocol="TCP"]');
});

test('keys are read in any order and spacing; what is none is refused', () => {
  expect(canonicalElement('k:{"protocol": "TCP", "containerPort":80}')).toBe('k:{"containerPort":80,"protocol":"TCP"}');
  expect(canonicalElement('v: "a"')).toBe('v:"a"');
  for (const bad of ['x:a', 'k:[1]', 'k:{', 'v:{}', 'i:x', 'spec']) expect(canonicalElement(bad)).toBeUndefined();
  expect(FieldSet.fromFieldsV1({ spec: {} })).toBeUndefined();
  expect(FieldSet.fromFieldsV1('x')).toBeUndefined();
});
