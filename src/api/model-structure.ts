import { hasShape, keptEmptyStrings, keptZeros, omittedZeros, valueStructs, writtenNulls, writtenZeros } from './go-shapes.ts';
import { isJsonObject, setKey } from './json-values.ts';
import type { JsonObject } from './json-values.ts';
import type { FieldSchema, SchemaTable } from './schema.ts';
import { goTypes, scalarDecoders, zeroValues } from './scalar-decoders.ts';
import type { Decode } from './scalar-decoders.ts';
import type { Structure, StructureReading } from './structure.ts';
import { StructureReport } from './structure-report.ts';

const empty: JsonObject = Object.freeze({});
const emptyList: readonly unknown[] = Object.freeze([]);

/** Reads one model. Its fields are compiled when it is first met, so that models may contain themselves. */
class ModelDecoder {
  readonly #model: string;
  readonly #fields = new Map<string, Decode>();
  /** What stands in a field that was not given; a struct is made anew each time. */
  readonly #zeros: (readonly [string, unknown])[] = [];
  readonly #structs: (readonly [string, Decode])[] = [];

  constructor(model: string) {
    this.#model = model;
  }

  add(name: string, field: FieldSchema, decode: Decode): void {
    this.#fields.set(name, decode);
    if (hasShape(writtenNulls, this.#model, name)) this.#zeros.push([name, null]);
    else if (hasShape(valueStructs, this.#model, name)) this.#structs.push([name, decode]);
    else if (hasShape(writtenZeros, this.#model, name) || field.required) this.#addZero(name, field);
  }

  #addZero(name: string, field: FieldSchema): void {
    if (field.container === '[]') this.#zeros.push([name, emptyList]);
    else if (field.container === '' && 'scalar' in field.element) {
      const zero = zeroValues[field.element.scalar];
      if (zero !== undefined) this.#zeros.push([name, zero]);
    }
  }

  readonly decode: Decode = (value, report) => {
    if (!isJsonObject(value)) {
      report.wrongType(value, `v1.${this.#model}`);
      return undefined;
    }
    if (!report.enterModel(this.#model)) return undefined;
    const read = this.#withZeros(this.#readFields(value, report), report);
    report.leaveModel();
    return read;
  };

  #readFields(value: JsonObject, report: StructureReport): JsonObject {
    const keys = Object.keys(value);
    let copy: JsonObject | undefined;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      const before = value[key];
      const after = this.#readField(key, before, report);
      if (copy === undefined) {
        if (after === before && after !== undefined) continue;
        copy = {};
        for (let k = 0; k < i; k++) copy[keys[k]!] = value[keys[k]!];
      }
      if (after !== undefined) copy[key] = after;
    }
    return copy ?? value;
  }

  #readField(key: string, value: unknown, report: StructureReport): unknown {
    if (value === undefined) return undefined;
    const decode = this.#fields.get(key);
    if (decode === undefined) {
      report.unknown(key);
      return undefined;
    }
    if (value === null) return hasShape(writtenNulls, this.#model, key) ? null : undefined;
    report.enter(key);
    const read = decode(value, report);
    report.leave();
    return read;
  }

  #withZeros(value: JsonObject, report: StructureReport): JsonObject {
    let result = value;
    for (const [name, zero] of this.#zeros) {
      if (result[name] !== undefined) continue;
      if (result === value) result = { ...value };
      result[name] = zero;
    }
    for (const [name, decode] of this.#structs) {
      if (result[name] !== undefined) continue;
      if (result === value) result = { ...value };
      result[name] = decode({}, report);
    }
    return result;
  }
}

/** A plain Go value: what is zero is not told from what is not there. */
function omitting(decode: Decode, zero: unknown): Decode {
  return (value, report) => {
    const read = decode(value, report);
    return read === zero ? undefined : read;
  };
}

/** A list; null elements are the zero value of their type. Empty lists of optional fields are left out, as Go does. */
function listDecoder(element: Decode, zero: () => unknown, goType: string, keepEmpty: boolean): Decode {
  return (value, report) => {
    if (!Array.isArray(value)) {
      report.wrongType(value, goType);
      return undefined;
    }
    if (value.length === 0) return keepEmpty ? value : undefined;
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const before: unknown = value[i];
      report.enter(i);
      const after = element(before ?? zero(), report);
      report.leave();
      if (after !== before) copy ??= [...(value as unknown[])];
      if (copy !== undefined) copy[i] = after;
    }
    return copy ?? value;
  };
}

/** A map; null values are the zero value of their type. Empty maps are left out. */
function mapDecoder(element: Decode, zero: () => unknown, goType: string, keepEmpty: boolean): Decode {
  return (value, report) => {
    if (!isJsonObject(value)) {
      report.wrongType(value, goType);
      return undefined;
    }
    let copy: JsonObject | undefined;
    const keys = Object.keys(value);
    if (keys.length === 0) return keepEmpty ? value : undefined;
    for (const key of keys) {
      const before = value[key];
      report.enter(key);
      const after = element(before ?? zero(), report);
      report.leave();
      if (after === before) continue;
      copy ??= { ...value };
      setKey(copy, key, after);
    }
    return copy ?? value;
  };
}

/**
 * Reads objects of the models in the schema table. Models are compiled when first asked for and kept: make one for a cluster, and ask
 * `of('Pod').read(...)` for the value and the fields that are not known.
 */
export class ModelStructures {
  readonly #table: SchemaTable;
  readonly #scalars = scalarDecoders();
  readonly #models = new Map<string, ModelDecoder>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** The structure of a model; a TypeError names a model that is not in the table. */
  of(model: string): Structure {
    const decoder = this.#decoder(model);
    return {
      read(raw: unknown): StructureReading {
        const report = new StructureReport();
        const value = decoder.decode(raw ?? empty, report) ?? empty;
        return { value, typeProblems: report.typeProblems, unknownFields: report.unknownFields };
      },
    };
  }

  #decoder(model: string): ModelDecoder {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const decoder = new ModelDecoder(model);
    this.#models.set(model, decoder);
    for (const [name, field] of this.#table.model(model)) decoder.add(name, field, this.#field(model, name, field));
    return decoder;
  }

  #field(model: string, name: string, field: FieldSchema): Decode {
    const { element, container, required } = field;
    if (!('scalar' in element)) return this.#contained(field, this.#decoder(element.model).decode, () => ({}), `v1.${element.model}`);
    const { scalar } = element;
    const decode = scalar === 'quantity' && container === '{}' ? this.#scalars.resourceAmount : this.#scalars[scalar];
    if (container !== '') return this.#contained(field, decode, () => zeroValues[scalar], goTypes[scalar]);
    if (required || hasShape(keptZeros, model, name)) return decode;
    if (scalar === 'string') return hasShape(keptEmptyStrings, model, name) ? decode : omitting(decode, '');
    return hasShape(omittedZeros, model, name) ? omitting(decode, zeroValues[scalar]) : decode;
  }

  #contained({ container, required }: FieldSchema, decode: Decode, zero: () => unknown, goType: string): Decode {
    if (container === '[]') return listDecoder(decode, zero, `[]${goType}`, required);
    if (container === '{}') return mapDecoder(decode, zero, `map[string]${goType}`, required);
    if (container === '{}[]')
      return mapDecoder(listDecoder(decode, zero, `[]${goType}`, true), () => [], `map[string][]${goType}`, required);
    return decode;
  }
}
