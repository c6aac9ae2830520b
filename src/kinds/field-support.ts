import { SchemaTable, type ModelSchema } from '../api/schema.ts';
import { unsupportedFields, type UnsupportedField } from './unsupported-fields.ts';

/** A field of one object that is accepted and not honoured. */
export interface UnsupportedUse {
  /** `spec.containers[0].resizePolicy` */
  readonly path: string;
  readonly why: string;
  /** False if no runtime honours it. */
  readonly becauseOfRuntime: boolean;
}

type Value = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Value => typeof value === 'object' && value !== null;

/**
 * Finds what an object asks for and a runtime does not do. It remembers the frozen specs it has been shown, so that the pods of a
 * template cost one look.
 *
 * @example
 * const pod = { spec: { containers: [], hostUsers: false } };
 * for (const { path, why } of new FieldSupport().find('Pod', pod, 'process')) console.log(`${path}: ${why}`);
 */
export class FieldSupport {
  readonly #table: SchemaTable;
  readonly #byModel: ReadonlyMap<string, readonly UnsupportedField[]>;
  /** Models from which an unsupported field can be reached: the others are not walked. */
  readonly #concerned = new Map<string, boolean>();
  readonly #specs = new WeakMap<object, Map<string, readonly UnsupportedUse[]>>();

  constructor(fields: readonly UnsupportedField[] = unsupportedFields, table: SchemaTable = new SchemaTable()) {
    this.#table = table;
    this.#byModel = groupByModel(fields);
  }

  /** Every use in `value`, an object of the model, on a runtime of this name; '' for what no runtime honours. */
  find(model: string, value: object, runtime: string): readonly UnsupportedUse[] {
    if (!this.#concerns(model)) return [];
    const known = this.#specs.get(value)?.get(runtime);
    if (known !== undefined) return known;
    const found = [...this.#own(model, value as Value, runtime), ...this.#nested(model, value as Value, runtime)];
    if (model.endsWith('Spec') && Object.isFrozen(value)) {
      const uses = this.#specs.get(value) ?? new Map<string, readonly UnsupportedUse[]>();
      this.#specs.set(value, uses.set(runtime, found));
    }
    return found;
  }

  *#own(model: string, value: Value, runtime: string): Generator<UnsupportedUse> {
    for (const { field, runtimes, why, when } of this.#byModel.get(model) ?? []) {
      const path = field.slice(model.length + 1);
      const given = value[path];
      if (given === undefined || given === null || (when !== undefined && !when(given))) continue;
      const becauseOfRuntime = runtimes !== 'all';
      if (!becauseOfRuntime || (runtimes as readonly string[]).includes(runtime)) yield { path, why, becauseOfRuntime };
    }
  }

  *#nested(model: string, value: Value, runtime: string): Generator<UnsupportedUse> {
    for (const [name, { element, container }] of this.#table.model(model)) {
      const given = value[name];
      if (!('model' in element) || !isObject(given)) continue;
      const parts: readonly (readonly [string, unknown])[] =
        container === ''
          ? [[name, given]]
          : Object.entries(given).map(([key, part]) => [Array.isArray(given) ? `${name}[${key}]` : `${name}.${key}`, part]);
      for (const [path, part] of parts) {
        if (!isObject(part)) continue;
        for (const use of this.find(element.model, part, runtime)) yield { ...use, path: `${path}.${use.path}` };
      }
    }
  }

  #concerns(model: string): boolean {
    const known = this.#concerned.get(model);
    if (known !== undefined) return known;
    // A model that reaches itself is not concerned because of that.
    this.#concerned.set(model, false);
    const concerned = this.#byModel.has(model) || elementModels(this.#table.model(model)).some((element) => this.#concerns(element));
    this.#concerned.set(model, concerned);
    return concerned;
  }
}

function elementModels(fields: ModelSchema): readonly string[] {
  return [...fields.values()].flatMap(({ element }) => ('model' in element ? [element.model] : []));
}

function groupByModel(fields: readonly UnsupportedField[]): ReadonlyMap<string, readonly UnsupportedField[]> {
  const groups = new Map<string, UnsupportedField[]>();
  for (const each of fields) {
    const model = each.field.slice(0, each.field.indexOf('.'));
    groups.set(model, [...(groups.get(model) ?? []), each]);
  }
  return groups;
}
