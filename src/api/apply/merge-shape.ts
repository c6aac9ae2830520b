import { isJsonObject } from '../json-values.ts';
import type { FieldSchema, SchemaTable } from '../schema.ts';

/** What server-side apply must know of a value: whether it is one thing or has parts with owners of their own. */
export type MergeShape =
  /** A scalar, an atomic list, map or model: owned as a whole. `type` is checked in applied configurations. */
  | { readonly kind: 'leaf'; readonly type: LeafType }
  /** A model, or a map of one shape by free keys (`fields` undefined). */
  | { readonly kind: 'map'; readonly field: (name: string) => MergeShape | undefined; readonly named: boolean }
  /** A list whose elements have identities: by `keys`, or (no keys) by their value. */
  | { readonly kind: 'list'; readonly keys: readonly string[]; readonly element: MergeShape }
  /** No schema says: a map is merged, everything else is one value. */
  | { readonly kind: 'deduced' };

export type KnownShape = Exclude<MergeShape, { readonly kind: 'deduced' }>;

export type LeafType = 'string' | 'number' | 'boolean' | 'list' | 'map' | 'any';

const untyped: MergeShape = { kind: 'leaf', type: 'any' };
/** What has no model (a custom resource): maps are merged, everything else is one value. */
const deducedMap: MergeShape = { kind: 'map', named: false, field: () => deduced };
const deduced: MergeShape = { kind: 'deduced' };

/** The shape as the values at hand decide it, where no schema does. */
export function resolvedShape(shape: MergeShape, value: unknown, other?: unknown): KnownShape {
  if (shape.kind !== 'deduced') return shape;
  const maps = [value, other].filter((v) => v !== undefined && v !== null);
  return maps.length > 0 && maps.every(isJsonObject) ? (deducedMap as KnownShape) : (untyped as KnownShape);
}

const leafTypes: Readonly<Record<string, LeafType>> = {
  string: 'string',
  bytes: 'string',
  boolean: 'boolean',
  int32: 'number',
  int64: 'number',
  double: 'number',
};

/** The shapes of the models of the schema table, made when first asked for. */
export class MergeShapes {
  readonly #table: SchemaTable;
  readonly #models = new Map<string, MergeShape>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** The shape of a model as the root of an object: never atomic. */
  of(model: string): MergeShape {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    if (!this.#table.has(model)) return customResource(this.of('ObjectMeta'));
    const schema = this.#table.model(model);
    const fields = new Map<string, MergeShape>();
    const shape: MergeShape = {
      kind: 'map',
      named: true,
      field: (name) => {
        let field = fields.get(name);
        const fieldSchema = schema.get(name);
        if (field === undefined && fieldSchema !== undefined) fields.set(name, (field = this.#ofField(fieldSchema)));
        return field;
      },
    };
    this.#models.set(model, shape);
    return shape;
  }

  #ofField(field: FieldSchema): MergeShape {
    const { container, listType } = field;
    if (container === '') return this.#ofElement(field, listType === 'atomic');
    if (container === '[]') {
      if (listType !== 'map' && listType !== 'set') return { kind: 'leaf', type: 'list' };
      return { kind: 'list', keys: listType === 'map' ? field.listMapKeys : [], element: this.#ofElement(field, false) };
    }
    if (listType === 'atomic') return { kind: 'leaf', type: 'map' };
    const element: MergeShape = container === '{}[]' ? { kind: 'leaf', type: 'list' } : this.#ofElement(field, false);
    return { kind: 'map', named: false, field: () => element };
  }

  #ofElement({ element }: FieldSchema, atomic: boolean): MergeShape {
    if ('scalar' in element) {
      const type = leafTypes[element.scalar];
      return type === undefined ? untyped : { kind: 'leaf', type };
    }
    return atomic || this.#table.isAtomic(element.model) ? { kind: 'leaf', type: 'map' } : this.of(element.model);
  }
}

function customResource(metadata: MergeShape): MergeShape {
  return { kind: 'map', named: true, field: (name) => (name === 'metadata' ? metadata : deduced) };
}
