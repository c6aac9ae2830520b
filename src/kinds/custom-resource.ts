import { applySchemaDefaults } from '../api/custom/custom-defaults.ts';
import type { CustomRules } from '../api/custom/custom-rules.ts';
import type { CustomSchema } from '../api/custom/custom-schema.ts';
import { CustomValidator } from '../api/custom/custom-validator.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionManifest,
  CustomResourceDefinitionVersion,
} from '../api/generated/models.ts';
import { JsonPath } from '../api/json-path.ts';
import type { KindDescriptor, PrintedColumn } from '../api/kind.ts';
import type { KubeObject, Stored, StoredObject } from '../api/object.ts';
import { ageOf, nameColumn } from './columns.ts';

type Definition = Stored<CustomResourceDefinitionManifest>;

/** What checks the rules of a definition; undefined if it has none. */
export interface CustomResourceParts {
  readonly rules: CustomRules | undefined;
}

/** A kind as a definition describes it, with the schema of its version. */
export interface CustomResourceKind {
  readonly kind: KindDescriptor;
  readonly schema: CustomSchema;
  readonly served: boolean;
  readonly stored: boolean;
}

/**
 * The kinds that a definition makes: one for each version, the stored one first. All versions are the same objects; nothing but the
 * apiVersion is converted.
 *
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
 */
export function customResourceKinds(definition: Definition, parts: CustomResourceParts): readonly CustomResourceKind[] {
  const { versions } = definition.spec!;
  const stored = versions.find(({ storage }) => storage)!;
  const first = customResourceKind(definition, stored, parts);
  const others = versions.filter((version) => version !== stored).map((version) => aliasOf(definition, version, parts, first.kind));
  return [first, ...others];
}

function customResourceKind(
  definition: Definition,
  version: CustomResourceDefinitionVersion,
  { rules }: CustomResourceParts,
): CustomResourceKind {
  const { group, names, scope } = definition.spec!;
  const schema = (version.schema?.openAPIV3Schema ?? {}) as CustomSchema;
  const { status, scale } = version.subresources ?? {};
  const check = checkOf(schema, rules);
  const kind: KindDescriptor = {
    group,
    version: version.name,
    kind: names.kind,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    model: `${names.plural}.${group}/${version.name}#${definition.metadata.generation ?? 1}`,
    openapi: schema as Readonly<Record<string, unknown>>,
    nameRule: 'dns1123-subdomain',
    hasGeneration: true,
    hasStatus: status !== undefined,
    updatesUnconditionally: false,
    ...(scale === undefined
      ? {}
      : {
          scale: {
            specReplicasPath: scale.specReplicasPath,
            statusReplicasPath: scale.statusReplicasPath,
            selectorPath: scale.labelSelectorPath ?? '',
          },
        }),
    applyDefaults: (draft) => applySchemaDefaults(schema, draft),
    validateCreate: (object, errors) => check(object, undefined, errors),
    validateUpdate: (object, old, errors) => check(object, old, errors),
    validateStatusUpdate: (object, old, errors) => check(object, old, errors),
    warnings: () => deprecationOf(definition, version),
    selectableFields: Object.fromEntries(
      (version.selectableFields ?? []).map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), textAt(JsonPath.path(jsonPath))]),
    ),
    columns: [nameColumn, ...columnsOf(version.additionalPrinterColumns)],
  };
  return { kind, schema, served: version.served, stored: version.storage };
}

function aliasOf(
  definition: Definition,
  version: CustomResourceDefinitionVersion,
  parts: CustomResourceParts,
  stored: KindDescriptor,
): CustomResourceKind {
  const own = customResourceKind(definition, version, parts);
  const as =
    (name: string) =>
    <T extends KubeObject>(object: T): T => ({ ...object, apiVersion: `${stored.group}/${name}` });
  const kind: KindDescriptor = {
    ...own.kind,
    storedAs: { kind: stored, fromStored: as(version.name), toStored: as(stored.version) },
  };
  return { ...own, kind };
}

function checkOf(
  schema: CustomSchema,
  rules: CustomRules | undefined,
): (object: KubeObject, old: KubeObject | undefined, errors: FieldErrors) => void {
  const validator = new CustomValidator();
  return (object, old, errors) => {
    validator.check(object, schema, { path: '', errors, resource: true }, old);
    // Rules see objects of the right shape only.
    if (errors.empty) rules?.check(object, old, schema, '', errors);
  };
}

function deprecationOf({ spec }: Definition, { deprecated, deprecationWarning, name }: CustomResourceDefinitionVersion): readonly string[] {
  if (deprecated !== true) return [];
  return [deprecationWarning ?? `${spec!.group}/${name} ${spec!.names.kind} is deprecated`];
}

const textAt =
  (path: JsonPath) =>
  (object: object): string => {
    const [value] = path.find(object);
    return value === undefined || value === null || typeof value === 'object' ? '' : String(value as string | number | boolean);
  };

/** The age, where a definition names no columns. */
const ageOnly: readonly CustomResourceColumnDefinition[] = [{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }];

function columnsOf(given: readonly CustomResourceColumnDefinition[] | undefined): readonly PrintedColumn<StoredObject>[] {
  return (given === undefined || given.length === 0 ? ageOnly : given).map((printed) => {
    const path = JsonPath.path(printed.jsonPath);
    return {
      name: printed.name,
      type: printed.type as PrintedColumn<StoredObject>['type'],
      ...(printed.format === undefined ? {} : { format: printed.format as 'name' }),
      priority: printed.priority ?? 0,
      description: printed.description ?? `Custom resource definition column (in JSONPath format): ${printed.jsonPath}`,
      cell: (object, now) => cellOf(path.find(object), printed.type, now),
    };
  });
}

/** A cell holds a value of the column's type, or nothing. */
function cellOf(found: readonly unknown[], type: string, now: number): string | number | boolean | null {
  const [value] = found;
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? ageOf(value, now) : '<invalid>';
    default:
      return typeof value === 'string' ? value : JSON.stringify(value);
  }
}
