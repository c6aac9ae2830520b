import { goText, goTypeOf, isJsonObject } from '../json-values.ts';
import { resolvedShape } from './merge-shape.ts';
import type { LeafType, MergeShape } from './merge-shape.ts';
import { fieldElement, itemElement, shownElement } from './path-element.ts';

const problemsMax = 100;

/**
 * What is wrong with an applied configuration, in Kubernetes' words: `.spec.foo: field not declared in schema`. Unlike in other
 * writes nothing is pruned here: whoever applies must own what is written.
 */
export function checkConfig(config: unknown, shape: MergeShape): readonly string[] {
  const problems: string[] = [];
  check(config, shape, '', problems);
  return problems;
}

function say(problems: string[], path: string, problem: string): void {
  if (problems.length < problemsMax) problems.push(`${path}: ${problem}`);
}

function expected(type: LeafType, value: unknown): string | undefined {
  if (value === null || type === 'any') return undefined;
  const fits =
    type === 'list'
      ? Array.isArray(value)
      : type === 'map'
        ? isJsonObject(value)
        : type === 'number'
          ? typeof value === 'number'
          : typeof value === type;
  if (fits) return undefined;
  if (type === 'number') return `expected numeric (int or float), got ${goTypeOf(value)}`;
  const found = goText(value, 100);
  return `expected ${type}, got ${type === 'string' ? `&value.valueUnstructured{Value:${found}}` : `&{${found}}`}`;
}

function check(value: unknown, unresolved: MergeShape, path: string, problems: string[]): void {
  const shape = resolvedShape(unresolved, value);
  const type = shape.kind === 'leaf' ? shape.type : shape.kind;
  const problem = expected(type, value);
  if (problem !== undefined) return say(problems, path, problem);
  if (shape.kind === 'map' && isJsonObject(value)) checkFields(value, shape, path, problems);
  else if (shape.kind === 'list' && Array.isArray(value)) checkItems(value, shape, path, problems);
}

function checkFields(
  value: Readonly<Record<string, unknown>>,
  shape: MergeShape & { readonly kind: 'map' },
  path: string,
  problems: string[],
): void {
  for (const key of Object.keys(value)) {
    const field = shape.field(key);
    const at = path + shownElement(fieldElement(key));
    if (field === undefined) say(problems, at, 'field not declared in schema');
    else if (value[key] !== undefined) check(value[key], field, at, problems);
  }
}

function checkItems(items: readonly unknown[], shape: MergeShape & { readonly kind: 'list' }, path: string, problems: string[]): void {
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const step = itemElement(shape, item);
    if (!('element' in step)) {
      say(problems, path, `element ${i}: ${step.problem}`);
      continue;
    }
    const at = path + shownElement(step.element);
    if (seen.has(step.element)) say(problems, path, `duplicate entries for key ${shownElement(step.element)}`);
    seen.add(step.element);
    check(item, shape.element, at, problems);
  }
}
