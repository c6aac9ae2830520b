import { hasShape, nullLists, wireNulls, writtenNulls } from './go-shapes.ts';
import type { FieldSchema, SchemaTable } from './schema.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What to do with one field of a model: write null if it is not there (or an empty list), and look at the models inside. */
interface Filler {
  readonly field: string;
  readonly writesNull: boolean;
  readonly container: FieldSchema['container'];
  readonly model: string | undefined;
}

/**
 * The nulls that Kubernetes writes: its types have times and lists that cannot be left out of JSON. Objects in a cluster do not have
 * them; they are put in on the way out.
 */
export class WireNulls {
  readonly #table: SchemaTable;
  /** Per model what there is to do; empty for models that never contain a null. */
  readonly #fillers = new Map<string, readonly Filler[]>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** The value with its nulls; the value itself where it has none. */
  fill<T extends object>(model: string, value: T): T {
    let filled: Record<string, unknown> | undefined;
    for (const filler of this.#of(model)) {
      const before = (value as Fields)[filler.field];
      const after = this.#filled(filler, before);
      if (after === before) continue;
      filled ??= { ...value } as Record<string, unknown>;
      filled[filler.field] = after;
    }
    return (filled ?? value) as T;
  }

  #filled({ writesNull, container, model }: Filler, value: unknown): unknown {
    if (writesNull && (value === undefined || (Array.isArray(value) && value.length === 0))) return null;
    if (model === undefined || typeof value !== 'object' || value === null) return value;
    if (container === '') return this.fill(model, value);
    if (container === '{}') return this.#filledMap(model, value);
    if (!Array.isArray(value)) return value;
    const items = value as readonly object[];
    const filled = items.map((item) => this.fill(model, item));
    return filled.some((item, i) => item !== items[i]) ? filled : value;
  }

  #filledMap(model: string, map: object): object {
    const entries = Object.entries(map) as [string, object][];
    const filled = entries.map(([key, item]) => [key, this.fill(model, item)] as const);
    return filled.some(([, item], i) => item !== entries[i]![1]) ? Object.fromEntries(filled) : map;
  }

  #of(model: string): readonly Filler[] {
    const known = this.#fillers.get(model);
    if (known !== undefined) return known;
    // Models that contain themselves (schemas of custom resources) have nothing to fill in on the way round.
    this.#fillers.set(model, []);
    const fillers = this.#table.has(model) ? this.#make(model) : [];
    this.#fillers.set(model, fillers);
    return fillers;
  }

  #make(model: string): readonly Filler[] {
    const fillers: Filler[] = [];
    for (const [field, schema] of this.#table.model(model)) {
      const inner = 'model' in schema.element && this.#of(schema.element.model).length > 0 ? schema.element.model : undefined;
      const writesNull = this.#writesNull(model, field, schema);
      if (writesNull || inner !== undefined) fillers.push({ field, writesNull, container: schema.container, model: inner });
    }
    return fillers;
  }

  #writesNull(model: string, field: string, schema: FieldSchema): boolean {
    if (schema.container === '[]') return schema.required || hasShape(nullLists, model, field);
    return hasShape(writtenNulls, model, field) || hasShape(wireNulls, model, field);
  }
}
