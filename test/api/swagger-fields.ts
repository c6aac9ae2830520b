import { readFileSync } from 'node:fs';
import type { FieldSchema } from '../../src/api/schema.ts';

/** What Kubernetes' OpenAPI description says of one property. */
export interface Property {
  readonly type?: string;
  readonly format?: string;
  readonly $ref?: string;
  readonly items?: Property;
  readonly additionalProperties?: Property;
  readonly allOf?: readonly Property[];
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-patch-strategy'?: string;
}

export interface Definition extends Property {
  readonly properties?: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
}

export type Definitions = Readonly<Record<string, Definition>>;

export function readDefinitions(file: string): Definitions {
  return (JSON.parse(readFileSync(file, 'utf8')) as { definitions: Definitions }).definitions;
}

/** The name of the definition a property points at. */
export function target(property: Property): string | undefined {
  return (property.$ref ?? property.allOf?.[0]?.$ref)?.replace('#/definitions/', '');
}

const scalarOf: Readonly<Record<string, string>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'micro-time',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'object',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'object',
};

export interface Element {
  readonly container: FieldSchema['container'];
  /** A scalar, or undefined where `property` points at a definition. */
  readonly scalar: string | undefined;
  readonly definition: string | undefined;
}

/** The shape of a property in the words of the schema table. */
export function elementOf(property: Property): Element {
  if (property.items !== undefined) return { ...leafOf(property.items), container: '[]' };
  if (property.additionalProperties?.items !== undefined) return { ...leafOf(property.additionalProperties.items), container: '{}[]' };
  if (property.additionalProperties !== undefined) return { ...leafOf(property.additionalProperties), container: '{}' };
  return { ...leafOf(property), container: '' };
}

function leafOf(property: Property): Omit<Element, 'container'> {
  const definition = target(property);
  if (definition !== undefined) {
    const known = scalarOf[definition] ?? (/\.JSON(SchemaPropsOr\w+)?$/.test(definition) ? 'object' : undefined);
    return known === undefined ? { scalar: undefined, definition } : { scalar: known, definition: undefined };
  }
  return { scalar: plainScalar(property), definition: undefined };
}

function plainScalar({ type, format }: Property): string {
  if (type === 'integer') return format === 'int64' ? 'int64' : 'int32';
  if (type === 'number') return 'double';
  if (type === 'string') return format === 'byte' ? 'bytes' : 'string';
  return type ?? 'object';
}
