import { atomicModels, encodedSchema } from './generated/schema.ts';

/** Field schemas as the generator writes them: `[]Container! map=name merge=name`. */
export type EncodedSchemaTable = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type ScalarType =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'double'
  | 'quantity'
  | 'int-or-string'
  | 'time'
  | 'micro-time'
  | 'bytes'
  /** Any JSON value, passed through as it is. */
  | 'object';

/** What the schema table knows of one field. */
export interface FieldSchema {
  /** '' one value, '[]' a list, '{}' a map by string, '{}[]' a map of lists. */
  readonly container: '' | '[]' | '{}' | '{}[]';
  readonly element: { readonly scalar: ScalarType } | { readonly model: string };
  readonly required: boolean;
  /** How server-side apply merges the field: lists `map` (by `listMapKeys`), `set` or `atomic` (the default for lists); `atomic` maps and models. */
  readonly listType: 'map' | 'set' | 'atomic' | undefined;
  readonly listMapKeys: readonly string[];
  /** Strategic merge patch: the key by which list elements are matched, and the strategies (`merge`, `replace`, `retainKeys`). */
  readonly mergeKey: string | undefined;
  readonly patchStrategies: readonly string[];
}

export type ModelSchema = ReadonlyMap<string, FieldSchema>;

const scalars: ReadonlySet<string> = new Set<ScalarType>([
  'string',
  'boolean',
  'int32',
  'int64',
  'double',
  'quantity',
  'int-or-string',
  'time',
  'micro-time',
  'bytes',
  'object',
]);

function decodeField(encoded: string): FieldSchema {
  const [head = '', ...facts] = encoded.split(' ');
  const match = /^(\{\}\[\]|\[\]|\{\})?([\w-]+)(!)?$/.exec(head);
  if (match === null) throw new TypeError(`schema table: cannot read ${JSON.stringify(encoded)}`);
  const fact = (name: string): string | undefined => facts.find((f) => f.startsWith(`${name}=`))?.slice(name.length + 1);
  const element = match[2]!;
  const mapKeys = fact('map');
  const mergeKey = fact('merge');
  const strategy = fact('strategy');
  return {
    container: (match[1] ?? '') as FieldSchema['container'],
    element: scalars.has(element) ? { scalar: element as ScalarType } : { model: element },
    required: match[3] === '!',
    listType: mapKeys !== undefined ? 'map' : facts.includes('set') ? 'set' : facts.includes('atomic') ? 'atomic' : undefined,
    listMapKeys: mapKeys?.split(',') ?? [],
    mergeKey,
    patchStrategies: strategy?.split(',') ?? (mergeKey === undefined ? [] : ['merge']),
  };
}

/** The schema table: models by name, decoded when first asked for. One for a cluster: custom resources come and go. */
export class SchemaTable {
  readonly #encoded: EncodedSchemaTable;
  readonly #atomic: ReadonlySet<string>;
  readonly #decoded = new Map<string, ModelSchema>();
  readonly #defined = new Map<string, ModelSchema>();

  constructor(encoded: EncodedSchemaTable = encodedSchema, atomic: readonly string[] = atomicModels) {
    this.#encoded = encoded;
    this.#atomic = new Set(atomic);
  }

  /** The fields of a model, e.g. `PodSpec`; a TypeError names a model that is not in the table. */
  model(name: string): ModelSchema {
    const known = this.#defined.get(name) ?? this.#decoded.get(name);
    if (known !== undefined) return known;
    const encoded = this.#encoded[name];
    if (encoded === undefined) throw new TypeError(`schema table: no model ${JSON.stringify(name)}`);
    const decoded = new Map(Object.entries(encoded).map(([field, text]) => [field, decodeField(text)]));
    this.#decoded.set(name, decoded);
    return decoded;
  }

  /** Adds a model that is not Kubernetes' own (a part of a custom resource); a name that is taken is taken over. */
  define(name: string, model: ModelSchema): void {
    this.#defined.set(name, model);
  }

  forget(name: string): void {
    this.#defined.delete(name);
  }

  has(name: string): boolean {
    return this.#defined.has(name) || this.#encoded[name] !== undefined;
  }

  /** True if server-side apply treats the model as one value wherever it stands. */
  isAtomic(model: string): boolean {
    return this.#atomic.has(model);
  }
}
