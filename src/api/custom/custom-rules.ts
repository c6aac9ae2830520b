import { ParseError } from '../../errors.ts';
import type { CelExpression, CelInput } from '../cel.ts';
import { deepEqual } from '../deep-equal.ts';
import type { FieldErrors } from '../field-errors.ts';
import { isJsonObject, ownValue } from '../json-values.ts';
import { propertySchema, type CustomRule, type CustomSchema } from './custom-schema.ts';

/** Compiles an expression: `CelExpression.compile`, which is heavy and loaded only where there are rules. */
export type CompileRule = (source: string, schema?: CustomSchema) => CelExpression;

interface CompiledRule extends CustomRule {
  readonly expression: CelExpression;
  readonly says: CelExpression | undefined;
}

const reasons: Readonly<Record<string, string>> = {
  FieldValueForbidden: 'Forbidden',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
};

/** Every rule of a schema, with its path in the schema. */
export function rulesOf(
  schema: CustomSchema,
  path: string,
): readonly { readonly rule: CustomRule; readonly schema: CustomSchema; readonly path: string }[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule, i) => ({
    rule,
    schema,
    path: `${path}.x-kubernetes-validations[${i}]`,
  }));
  const parts = [
    ...Object.entries(schema.properties ?? {}).map(([name, part]) => rulesOf(part, `${path}.properties[${name}]`)),
    ...(typeof schema.additionalProperties === 'object' ? [rulesOf(schema.additionalProperties, `${path}.additionalProperties`)] : []),
    ...(schema.items === undefined ? [] : [rulesOf(schema.items, `${path}.items`)]),
  ];
  return [...own, ...parts.flat()];
}

/**
 * The `x-kubernetes-validations` of a schema: rules in CEL over each value, and over a value and what it was before. Each rule is
 * refused if it would cost too much, and so are all together.
 *
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules
 */
export class CustomRules {
  readonly #compiled = new WeakMap<CustomSchema, readonly CompiledRule[]>();
  readonly #below = new WeakMap<CustomSchema, boolean>();
  readonly #compile: CompileRule;

  constructor(compile: CompileRule) {
    this.#compile = compile;
  }

  check(value: unknown, old: unknown, schema: CustomSchema, path: string, errors: FieldErrors): void {
    if (value === undefined || value === null || !this.#hasRules(schema)) return;
    for (const rule of this.#rules(schema)) this.#checkOne(rule, value, old, schema, path, errors);
    if (Array.isArray(value)) this.#checkItems(value, old, schema, path, errors);
    else if (isJsonObject(value)) {
      for (const key of Object.keys(value)) {
        const known = propertySchema(schema, key);
        if (known === undefined) continue;
        const before = isJsonObject(old) ? ownValue(old, key) : undefined;
        this.check(value[key], before, known, path === '' ? key : `${path}.${key}`, errors);
      }
    }
  }

  /** Elements are the same as before only in lists that have keys. */
  #checkItems(value: readonly unknown[], old: unknown, schema: CustomSchema, path: string, errors: FieldErrors): void {
    const { items } = schema;
    if (items === undefined) return;
    const keys = schema['x-kubernetes-list-type'] === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : [];
    const identity = (item: unknown): string => JSON.stringify(keys.map((key) => (isJsonObject(item) ? ownValue(item, key) : undefined)));
    for (const [i, item] of value.entries()) {
      const before =
        keys.length === 0 || !Array.isArray(old) ? undefined : (old as unknown[]).find((each) => identity(each) === identity(item));
      this.check(item, before, items, `${path}[${i}]`, errors);
    }
  }

  #hasRules(schema: CustomSchema): boolean {
    let has = this.#below.get(schema);
    if (has === undefined) this.#below.set(schema, (has = rulesOf(schema, '').length > 0));
    return has;
  }

  #rules(schema: CustomSchema): readonly CompiledRule[] {
    let rules = this.#compiled.get(schema);
    if (rules === undefined) {
      rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => ({
        ...rule,
        expression: this.#compile(rule.rule, schema),
        says: rule.messageExpression === undefined ? undefined : this.#compile(rule.messageExpression, schema),
      }));
      this.#compiled.set(schema, rules);
    }
    return rules;
  }

  #checkOne(rule: CompiledRule, value: unknown, old: unknown, schema: CustomSchema, path: string, errors: FieldErrors): void {
    const transition = rule.expression.usesOldSelf;
    if (transition && old === undefined && rule.optionalOldSelf !== true) return;
    // What did not change is not held against the object, unless the rule is about change.
    if (!transition && old !== undefined && deepEqual(value, old)) return;
    const input: CelInput = old === undefined ? { self: value } : { self: value, oldSelf: old };
    const at = rule.fieldPath === undefined || rule.fieldPath === '' ? path : `${path}${rule.fieldPath}`.replace(/^\./, '');
    const type = schema.type === undefined || schema.type === '' ? 'object' : schema.type;
    try {
      if (rule.expression.holds(input)) return;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      errors.invalid(
        at,
        type,
        `${error.message}${error.message.includes(rule.rule) ? '' : ` evaluating rule: ${rule.message ?? rule.rule}`}`,
      );
      return;
    }
    const message = messageOf(rule, input);
    const reason = rule.reason ?? 'FieldValueInvalid';
    const word = reasons[reason];
    if (word === undefined) errors.invalid(at, type, message);
    else errors.because(reason, at, `${word}${reason === 'FieldValueDuplicate' ? `: ${JSON.stringify(type)}` : ''}: ${message}`);
  }
}

function messageOf(rule: CompiledRule, input: CelInput): string {
  const fallback = rule.message === undefined || rule.message === '' ? `failed rule: ${rule.rule.trim()}` : rule.message;
  if (rule.says === undefined) return fallback;
  try {
    const text = rule.says.evaluate(input);
    return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text : fallback;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return fallback;
  }
}
