import type { KindDescriptor } from '../../api/kind.ts';
import type { FieldSchema, ScalarType, SchemaTable } from '../../api/schema.ts';
import { customDefinitionName, definitionName } from './definition-names.ts';
import { describeField, describeModel } from './descriptions.ts';

/** A schema of an OpenAPI document. */
export type OpenApiSchema = Readonly<Record<string, unknown>>;

export interface GroupVersionKind {
  readonly group: string;
  readonly kind: string;
  readonly version: string;
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const quantity = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
const intOrString = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString';
const anyJson = 'io.k8s.apimachinery.pkg.runtime.RawExtension';

/** Definitions that are no models of the schema table. */
const special: Readonly<Record<string, OpenApiSchema>> = {
  [quantity]: { type: 'string', description: 'A fixed-point number with an SI or binary suffix, such as 500m or 64Mi.' },
  [intOrString]: { type: 'string', format: 'int-or-string', description: 'A whole number, or a text such as a name or 25%.' },
  [`${meta}.Time`]: { type: 'string', format: 'date-time', description: 'A time in RFC 3339, in seconds.' },
  [`${meta}.MicroTime`]: { type: 'string', format: 'date-time', description: 'A time in RFC 3339, in microseconds.' },
  [`${meta}.FieldsV1`]: { type: 'object', description: 'A set of fields: f:<name>, k:<keys>, v:<value> and i:<index>.' },
  [anyJson]: { type: 'object', description: 'Any object.' },
  [`${meta}.Patch`]: { type: 'object', description: 'A patch of the type that the content type names.' },
};

const plain: Partial<Record<ScalarType, OpenApiSchema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
};

const referred: Partial<Record<ScalarType, string>> = {
  quantity,
  'int-or-string': intOrString,
  time: `${meta}.Time`,
  'micro-time': `${meta}.MicroTime`,
};

/**
 * The definitions of an OpenAPI document, each made when something first refers to it: a document has what its paths need, and no
 * more. `refPrefix` is where definitions stand: `#/definitions/` in version 2, `#/components/schemas/` in version 3.
 */
export class Definitions {
  readonly #table: SchemaTable;
  readonly #refPrefix: string;
  readonly #made = new Map<string, OpenApiSchema>();
  /** model -> the kinds whose objects it describes. */
  readonly #kindsOfModel: ReadonlyMap<string, readonly GroupVersionKind[]>;

  constructor(table: SchemaTable, refPrefix: string, kinds: readonly KindDescriptor[]) {
    this.#table = table;
    this.#refPrefix = refPrefix;
    const byModel = new Map<string, GroupVersionKind[]>();
    for (const kind of kinds) {
      const { group, version } = kind;
      const known = byModel.get(kind.model) ?? [];
      byModel.set(kind.model, [...known, { group, kind: kind.kind, version }]);
    }
    for (const [model, group] of [
      ['Scale', 'autoscaling'],
      ['Eviction', 'policy'],
      ['Binding', ''],
      ['TokenRequest', 'authentication.k8s.io'],
      ['Status', ''],
      ['DeleteOptions', ''],
    ] as const)
      if (!byModel.has(model)) byModel.set(model, [{ group, kind: model, version: 'v1' }]);
    this.#kindsOfModel = byModel;
  }

  /** All that was referred to so far, by name. */
  all(): Readonly<Record<string, OpenApiSchema>> {
    return Object.fromEntries([...this.#made].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A reference to a model of the table. */
  model(model: string): OpenApiSchema {
    const name = definitionName(model);
    if (!this.#made.has(name)) {
      this.#made.set(name, {});
      this.#made.set(name, this.#ofModel(model));
    }
    return this.#ref(name);
  }

  /** A reference to the objects of a kind. */
  kind(kind: KindDescriptor): OpenApiSchema {
    if (kind.openapi === undefined) return this.model(kind.model);
    const name = customDefinitionName(kind.group, kind.version, kind.kind);
    if (!this.#made.has(name)) {
      const { properties, ...rest } = kind.openapi as { readonly properties?: Readonly<Record<string, OpenApiSchema>> };
      this.#made.set(name, {
        ...rest,
        type: 'object',
        properties: {
          ...properties,
          apiVersion: { type: 'string', ...describedAs(describeField('', 'apiVersion')) },
          kind: { type: 'string', ...describedAs(describeField('', 'kind')) },
          metadata: this.model('ObjectMeta'),
        },
        'x-kubernetes-group-version-kind': [{ group: kind.group, kind: kind.kind, version: kind.version }],
      });
    }
    return this.#ref(name);
  }

  /** A reference to lists of a kind. */
  list(kind: KindDescriptor): OpenApiSchema {
    const base = kind.openapi === undefined ? definitionName(kind.model) : customDefinitionName(kind.group, kind.version, kind.kind);
    const name = `${base}List`;
    if (!this.#made.has(name)) {
      this.#made.set(name, {
        type: 'object',
        description: `A list of ${kind.kind} objects.`,
        required: ['items'],
        properties: {
          apiVersion: { type: 'string', ...describedAs(describeField('', 'apiVersion')) },
          items: { type: 'array', items: this.kind(kind) },
          kind: { type: 'string', ...describedAs(describeField('', 'kind')) },
          metadata: this.model('ListMeta'),
        },
        'x-kubernetes-group-version-kind': [{ group: kind.group, kind: `${kind.kind}List`, version: kind.version }],
      });
    }
    return this.#ref(name);
  }

  /** The body of a patch. */
  patch(): OpenApiSchema {
    return this.#special(`${meta}.Patch`);
  }

  #ref(name: string): OpenApiSchema {
    return { $ref: `${this.#refPrefix}${name}` };
  }

  #special(name: string): OpenApiSchema {
    this.#made.set(name, special[name]!);
    return this.#ref(name);
  }

  #ofModel(model: string): OpenApiSchema {
    const fields = [...this.#table.model(model)];
    const required = fields.filter(([, field]) => field.required).map(([name]) => name);
    const kinds = this.#kindsOfModel.get(model);
    return {
      type: 'object',
      ...describedAs(describeModel(model)),
      ...(required.length === 0 ? {} : { required }),
      properties: Object.fromEntries(fields.map(([name, field]) => [name, this.#field(model, name, field)])),
      ...(this.#table.isAtomic(model) ? { 'x-kubernetes-map-type': 'atomic' } : {}),
      ...(kinds === undefined ? {} : { 'x-kubernetes-group-version-kind': kinds }),
    };
  }

  #field(model: string, name: string, field: FieldSchema): OpenApiSchema {
    const facts = { ...describedAs(describeField(model, name)), ...mergeFacts(field) };
    const element = this.#element(model, name, field);
    switch (field.container) {
      case '[]':
        return { type: 'array', items: element, ...facts };
      case '{}':
        return { type: 'object', additionalProperties: element, ...facts };
      case '{}[]':
        return { type: 'object', additionalProperties: { type: 'array', items: element }, ...facts };
      default:
        if (!('$ref' in element) || Object.keys(facts).length === 0) return { ...element, ...facts };
        // Beside a $ref nothing counts in version 3.
        return this.#refPrefix === '#/definitions/' ? { ...element, ...facts } : { allOf: [element], ...facts };
    }
  }

  #element(model: string, name: string, { element }: FieldSchema): OpenApiSchema {
    if (!('scalar' in element)) return this.model(element.model);
    const reference = referred[element.scalar];
    if (reference !== undefined) return this.#special(reference);
    if (element.scalar !== 'object') return plain[element.scalar]!;
    if (name === 'fieldsV1') return this.#special(`${meta}.FieldsV1`);
    if (model === 'CustomResourceSubresources') return { type: 'object' };
    return model === 'JSONSchemaProps' ? {} : this.#special(anyJson);
  }
}

const describedAs = (description: string): OpenApiSchema => (description === '' ? {} : { description });

/** How lists and maps merge: server-side apply's facts, and those of strategic merge patches. */
function mergeFacts({ container, listType, listMapKeys, mergeKey, patchStrategies }: FieldSchema): OpenApiSchema {
  const list = container === '[]';
  return {
    ...(list && listType !== undefined ? { 'x-kubernetes-list-type': listType } : {}),
    ...(list && listMapKeys.length > 0 ? { 'x-kubernetes-list-map-keys': listMapKeys } : {}),
    ...(!list && listType === 'atomic' ? { 'x-kubernetes-map-type': 'atomic' } : {}),
    ...(mergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': mergeKey }),
    ...(patchStrategies.length === 0 ? {} : { 'x-kubernetes-patch-strategy': patchStrategies.join(',') }),
  };
}
