import { ParseError } from '../errors.ts';
import { isJsonObject, ownValue } from './json-values.ts';
import { JsonPathParser } from './json-path-parser.ts';
import type { FilterOperator, Operand, PathStep, TemplateNode } from './json-path-parser.ts';

/** A path that finds more than this is a mistake, or an attack. */
const resultsMax = 1_000_000;

/**
 * kubectl's JSONPath. Immutable.
 *
 * Source: https://kubernetes.io/docs/reference/kubectl/jsonpath/
 *
 * @example
 * JsonPath.path('.spec.containers[*].image').find(pod); // ['web:1']
 * JsonPath.template('{.metadata.name}{"\t"}{.status.phase}').text(pod);
 */
export class JsonPath {
  readonly #nodes: readonly TemplateNode[];

  private constructor(nodes: readonly TemplateNode[]) {
    this.#nodes = nodes;
  }

  /** A template, as behind `kubectl -o jsonpath=`. A text without braces is a path. Throws a ParseError. */
  static template(text: string): JsonPath {
    return text.includes('{') ? new JsonPath(new JsonPathParser(text).template()) : JsonPath.path(text);
  }

  /** A path alone, as printer columns and selectable fields have it. Throws a ParseError. */
  static path(text: string): JsonPath {
    return new JsonPath([{ type: 'path', steps: new JsonPathParser(text).path(), fromRoot: true }]);
  }

  /** All values the paths of the template lead to. What is not there is left out. */
  find(root: unknown): readonly unknown[] {
    const found: unknown[] = [];
    visit(
      this.#nodes,
      root,
      root,
      (values) => append(found, values),
      () => undefined,
    );
    return found;
  }

  /** The template filled in: strings as they are, everything else as JSON, several values with spaces between them. */
  text(root: unknown): string {
    let text = '';
    visit(
      this.#nodes,
      root,
      root,
      (values) => (text += values.map(shown).join(' ')),
      (literal) => (text += literal),
    );
    return text;
  }
}

/** One by one: a call takes only so many arguments. */
function append(to: unknown[], values: readonly unknown[]): void {
  for (const value of values) to.push(value);
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

function visit(
  nodes: readonly TemplateNode[],
  root: unknown,
  current: unknown,
  onValues: (values: readonly unknown[]) => void,
  onText: (text: string) => void,
): void {
  for (const node of nodes) {
    if (node.type === 'text') onText(node.text);
    else {
      const values = follow(node.steps, root, [node.fromRoot ? root : current]);
      if (node.type === 'path') onValues(values);
      else for (const value of values) visit(node.body, root, value, onValues, onText);
    }
  }
}

function follow(steps: readonly PathStep[], root: unknown, from: readonly unknown[]): readonly unknown[] {
  let values = from;
  for (const step of steps) {
    const next: unknown[] = [];
    for (const value of values) {
      take(step, root, value, next);
      if (next.length > resultsMax) throw new ParseError(`jsonpath: more than ${resultsMax} results`);
    }
    values = next;
  }
  return values;
}

function take(step: PathStep, root: unknown, value: unknown, found: unknown[]): void {
  switch (step.type) {
    case 'field': {
      const part = isJsonObject(value) ? ownValue(value, step.name) : undefined;
      if (part !== undefined) found.push(part);
      return;
    }
    case 'wildcard':
      if (Array.isArray(value)) for (const item of value) found.push(item);
      else if (isJsonObject(value)) append(found, Object.values(value));
      return;
    case 'recursive':
      return descend(value, found);
    case 'slice':
      if (Array.isArray(value)) takeSlice(step, value, found);
      return;
    case 'union':
      for (const path of step.paths) append(found, follow(path, root, [value]));
      return;
    case 'filter':
      for (const item of Array.isArray(value) ? value : isJsonObject(value) ? Object.values(value) : []) {
        if (passes(step.left, step.operator, step.right, root, item)) found.push(item);
      }
  }
}

function descend(value: unknown, found: unknown[]): void {
  if (found.length > resultsMax) return;
  found.push(value);
  if (typeof value !== 'object' || value === null) return;
  for (const part of Object.values(value)) descend(part, found);
}

function takeSlice({ start, end, step, single }: PathStep & { type: 'slice' }, list: readonly unknown[], found: unknown[]): void {
  const absolute = (index: number): number => (index < 0 ? index + list.length : index);
  if (single) {
    const index = absolute(start!);
    if (index < 0 || index >= list.length) return;
    found.push(list[index]);
    return;
  }
  const last = Math.min(absolute(end ?? list.length), list.length);
  for (let i = Math.max(absolute(start ?? 0), 0); i < last; i += step) found.push(list[i]);
}

function passes(left: Operand, operator: FilterOperator | undefined, right: Operand | undefined, root: unknown, item: unknown): boolean {
  const lefts = operandValues(left, root, item);
  if (operator === undefined || right === undefined) return lefts.length > 0;
  const rights = operandValues(right, root, item);
  if (lefts.length === 0 || rights.length === 0) return false;
  return compare(lefts[0], operator, rights[0]);
}

function operandValues(operand: Operand, root: unknown, item: unknown): readonly unknown[] {
  return 'literal' in operand ? [operand.literal] : follow(operand.path, root, [operand.fromRoot ? root : item]);
}

function compare(left: unknown, operator: FilterOperator, right: unknown): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  const comparable = (typeof left === 'number' && typeof right === 'number') || (typeof left === 'string' && typeof right === 'string');
  if (!comparable) return false;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}
