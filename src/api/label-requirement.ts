import { ParseError } from '../errors.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';

export type Labels = Readonly<Record<string, string>>;

export type LabelOperator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | '=' | '==' | '!=' | 'Gt' | 'Lt';

/** One condition on a set of labels. */
export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted and without doubles. */
  readonly values: readonly string[];
}

/** Why a requirement makes no sense, in Kubernetes' words; undefined if it does. */
function objection(key: string, operator: LabelOperator, values: readonly string[]): string | undefined {
  const badKey = checkQualifiedName(key);
  if (badKey.length > 0) return `key: Invalid value: ${JSON.stringify(key)}: ${badKey.join('; ')}`;
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) return "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty";
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      return `values: Invalid value: ${JSON.stringify(values)}: values set must be empty for exists and does not exist`;
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1)
      return `values: Invalid value: ${JSON.stringify(values)}: for 'Gt', 'Lt' operators, exactly one value is required`;
    if (!/^[+-]?[0-9]+$/.test(values[0]!))
      return `values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`;
  } else if (values.length !== 1) {
    return `values: Invalid value: ${JSON.stringify(values)}: exact-match compatibility requires one single value`;
  }
  for (const [i, value] of values.entries()) {
    const bad = checkLabelValue(value);
    if (bad.length > 0) return `values[${i}][${key}]: Invalid value: ${JSON.stringify(value)}: ${bad.join('; ')}`;
  }
  return undefined;
}

/** A checked requirement; throws a ParseError in Kubernetes' words. */
export function labelRequirement(key: string, operator: LabelOperator, values: readonly string[] = []): LabelRequirement {
  const problem = objection(key, operator, values);
  if (problem !== undefined) throw new ParseError(problem);
  return { key, operator, values: values.length < 2 ? values : [...new Set(values)].sort() };
}

function exceeds(value: string, bound: string, direction: 1 | -1): boolean {
  if (!/^[+-]?[0-9]+$/.test(value)) return false;
  const a = BigInt(value.replace('+', ''));
  const b = BigInt(bound.replace('+', ''));
  return direction === 1 ? a > b : a < b;
}

/** True if the labels fulfil the requirement. Keys that stand in the prototype of an object are no labels. */
export function fulfils(labels: Labels, requirement: LabelRequirement): boolean {
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'In':
    case '=':
    case '==':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
    case '!=':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && exceeds(value, requirement.values[0]!, 1);
    case 'Lt':
      return value !== undefined && exceeds(value, requirement.values[0]!, -1);
  }
}

/** The requirement as text: `app=web`, `tier in (a,b)`, `!legacy`. */
export function requirementText({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'In':
      return `${key} in (${values.join(',')})`;
    case 'NotIn':
      return `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]!}`;
    case 'Lt':
      return `${key}<${values[0]!}`;
    default:
      return `${key}${operator}${values[0]!}`;
  }
}
