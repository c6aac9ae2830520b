import type { FieldSchema, ModelSchema, ScalarType, SchemaTable } from '../schema.ts';
import type { CustomSchema } from './custom-schema.ts';

const plain: Omit<FieldSchema, 'container' | 'element' | 'required'> = {
  listType: undefined,
  listMapKeys: [],
  mergeKey: undefined,
  patchStrategies: [],
};
const text: FieldSchema = { ...plain, container: '', element: { scalar: 'string' }, required: false };
const metadata: FieldSchema = { ...plain, container: '', element: { model: 'ObjectMeta' }, required: false };

const scalars: Readonly<Record<string, ScalarType>> = { string: 'string', integer: 'int64', number: 'double', boolean: 'boolean' };

/**
 * Enters a custom resource into the schema table, part by part, so that server-side apply merges its lists and maps as its schema says.
 * Gives the names of the models that were made; the first is that of the resource.
 */
export function defineCustomModels(table: SchemaTable, name: string, schema: CustomSchema): readonly string[] {
  const names: string[] = [];
  const define = (model: string, of: CustomSchema, resource: boolean): void => {
    names.push(model);
    const fields = new Map<string, FieldSchema>();
    for (const [field, part] of Object.entries(of.properties ?? {})) fields.set(field, fieldOf(`${model}.${field}`, part));
    if (resource) for (const [field, known] of Object.entries({ apiVersion: text, kind: text, metadata })) fields.set(field, known);
    table.define(model, fields as ModelSchema);
  };
  const elementOf = (model: string, of: CustomSchema): FieldSchema['element'] => {
    if (of['x-kubernetes-int-or-string'] === true) return { scalar: 'int-or-string' };
    // What is open to any field is seen as it comes.
    if (of.properties === undefined || of['x-kubernetes-preserve-unknown-fields'] === true)
      return { scalar: scalars[of.type ?? ''] ?? 'object' };
    define(model, of, of['x-kubernetes-embedded-resource'] === true);
    return { model };
  };
  const fieldOf = (model: string, of: CustomSchema): FieldSchema => {
    if (of.type === 'array' && of.items !== undefined) {
      const given = of['x-kubernetes-list-type'];
      const listType = given === 'map' || given === 'set' ? given : 'atomic';
      const listMapKeys = listType === 'map' ? (of['x-kubernetes-list-map-keys'] ?? []) : [];
      return { ...plain, container: '[]', element: elementOf(model, of.items), required: false, listType, listMapKeys };
    }
    const listType = of['x-kubernetes-map-type'] === 'atomic' ? ('atomic' as const) : undefined;
    if (typeof of.additionalProperties === 'object' && of.properties === undefined)
      return { ...plain, container: '{}', element: elementOf(model, of.additionalProperties), required: false, listType };
    return { ...plain, container: '', element: elementOf(model, of), required: false, listType };
  };
  define(name, schema, true);
  return names;
}
