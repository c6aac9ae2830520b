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
const none: readonly UnsupportedUse[] = Object.freeze([]);
const isObject = (value: unknown): value is Value => typeof value === 'object' && value !== null;

/**
 * Finds what an object asks for and a runtime does not do. It remembers the frozen specs and containers it has been shown, so that
 * the pods of a template cost little more than one look.
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
  /** By their list of containers. */
  readonly #firstSpecs = new WeakMap<object, Value>();

  constructor(fields: readonly UnsupportedField[] = unsupportedFields, table: SchemaTable = new SchemaTable()) {
    this.#table = table;
    this.#byModel = groupByModel(fields);
  }

  /** Every use in `value`, an object of the model, on a runtime of this name; '' for what no runtime honours. */
  find(model: string, value: object, runtime: string): readonly UnsupportedUse[] {
    if (!this.#concerns(model)) return none;
    if (!Object.isFrozen(value) || !(model === 'Container' || model.endsWith('Spec'))) return this.#search(model, value as Value, runtime);
    const like = model === 'PodSpec' ? this.#firstLike(value as Value) : value;
    let known = this.#specs.get(like);
    if (known === undefined) this.#specs.set(like, (known = new Map<string, readonly UnsupportedUse[]>()));
    let uses = known.get(runtime);
    if (uses === undefined) known.set(runtime, (uses = this.#search(model, value as Value, runtime)));
    return uses;
  }

  /** A Pod's spec is its own once it is bound, but for the node it is its template's: the first that was seen stands for all. */
  #firstLike(spec: Value): Value {
    const { containers } = spec;
    if (!isObject(containers)) return spec;
    const first = this.#firstSpecs.get(containers);
    if (first !== undefined && sameButForNode(first, spec)) return first;
    this.#firstSpecs.set(containers, spec);
    return spec;
  }

  #search(model: string, value: Value, runtime: string): readonly UnsupportedUse[] {
    const found: UnsupportedUse[] = [];
    this.#own(model, value, runtime, found);
    this.#nested(model, value, runtime, found);
    return found.length === 0 ? none : found;
  }

  #own(model: string, value: Value, runtime: string, found: UnsupportedUse[]): void {
    for (const { field, runtimes, why, when } of this.#byModel.get(model) ?? []) {
      const path = field.slice(model.length + 1);
      const given = value[path];
      if (given === undefined || given === null || (when !== undefined && !when(given, value))) continue;
      const becauseOfRuntime = runtimes !== 'all';
      if (!becauseOfRuntime || (runtimes as readonly string[]).includes(runtime)) found.push({ path, why, becauseOfRuntime });
    }
  }

  #nested(model: string, value: Value, runtime: string, found: UnsupportedUse[]): void {
    for (const [name, { element, container }] of this.#table.model(model)) {
      const given = value[name];
      if (!isObject(given) || !('model' in element) || !this.#concerns(element.model)) continue;
      const parts: readonly (readonly [string, unknown])[] =
        container === ''
          ? [[name, given]]
          : Object.entries(given).map(([key, part]) => [Array.isArray(given) ? `${name}[${key}]` : `${name}.${key}`, part]);
      for (const [path, part] of parts) {
        if (!isObject(part)) continue;
        for (const use of this.find(element.model, part, runtime)) found.push({ ...use, path: `${path}.${use.path}` });
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

function sameButForNode(a: Value, b: Value): boolean {
  for (const field in a) if (field !== 'nodeName' && a[field] !== b[field]) return false;
  for (const field in b) if (field !== 'nodeName' && !Object.hasOwn(a, field)) return false;
  return true;
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
