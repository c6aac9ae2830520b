import { WireWriter } from '../protobuf/wire-writer.ts';
import type { OpenApiSchema } from './definitions.ts';

/*
 * An OpenAPI 2 document in the protobuf encoding of gnostic (openapiv2/OpenAPIv2.proto), the only one in which kubectl up to 1.28
 * asks for it. The numbers are those of that file's messages.
 */

interface Operation2 {
  readonly operationId: string;
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly parameters: readonly Parameter2[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly schema?: OpenApiSchema }>>;
}

interface Parameter2 {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly type?: string;
  readonly schema?: OpenApiSchema;
}

export interface OpenApi2 {
  readonly swagger: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, object>>;
  readonly definitions: Readonly<Record<string, OpenApiSchema>>;
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

/** `{ name = 1, value = 2 }`, as all maps are written. */
const named = (name: string, value: WireWriter): WireWriter => new WireWriter().bytes(1, name).bytes(2, value);

/** The `x-` fields of an object, each as a text of YAML (JSON is YAML). */
function extensions(writer: WireWriter, number: number, object: object): WireWriter {
  for (const [name, value] of Object.entries(object))
    if (name.startsWith('x-')) writer.bytes(number, named(name, new WireWriter().bytes(2, JSON.stringify(value))));
  return writer;
}

function schema(of: OpenApiSchema): WireWriter {
  const { $ref, format, description, required, additionalProperties, type, items, allOf, properties } = of as {
    readonly $ref?: string;
    readonly format?: string;
    readonly description?: string;
    readonly required?: readonly string[];
    readonly additionalProperties?: OpenApiSchema | boolean;
    readonly type?: string;
    readonly items?: OpenApiSchema;
    readonly allOf?: readonly OpenApiSchema[];
    readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  };
  const writer = new WireWriter().bytes(1, $ref).bytes(2, format).bytes(4, description);
  for (const name of required ?? []) writer.bytes(19, name);
  if (typeof additionalProperties === 'object') writer.bytes(21, new WireWriter().bytes(1, schema(additionalProperties)));
  if (type !== undefined) writer.bytes(22, new WireWriter().bytes(1, type));
  if (items !== undefined) writer.bytes(23, new WireWriter().bytes(1, schema(items)));
  for (const part of allOf ?? []) writer.bytes(24, schema(part));
  if (properties !== undefined) {
    const list = new WireWriter();
    for (const [name, property] of Object.entries(properties)) list.bytes(1, named(name, schema(property)));
    writer.bytes(25, list);
  }
  return extensions(writer, 31, of);
}

function parameter({ name, in: place, required, type, schema: body }: Parameter2): WireWriter {
  const written = new WireWriter();
  if (body !== undefined) {
    written.bytes(1, new WireWriter().bytes(2, name).bytes(3, place).flag(4, required).bytes(5, schema(body)));
  } else {
    const [kind, typeNumber] = place === 'path' ? [4, 5] : [3, 6];
    written.bytes(
      2,
      new WireWriter().bytes(kind, new WireWriter().flag(1, required).bytes(2, place).bytes(4, name).bytes(typeNumber, type)),
    );
  }
  return new WireWriter().bytes(1, written);
}

function operation(of: Operation2): WireWriter {
  const writer = new WireWriter().bytes(5, of.operationId);
  for (const type of of.produces) writer.bytes(6, type);
  for (const type of of.consumes) writer.bytes(7, type);
  for (const each of of.parameters) writer.bytes(8, parameter(each));
  const responses = new WireWriter();
  for (const [code, response] of Object.entries(of.responses)) {
    const answer = new WireWriter().bytes(1, response.description);
    if (response.schema !== undefined) answer.bytes(2, new WireWriter().bytes(1, schema(response.schema)));
    responses.bytes(1, named(code, new WireWriter().bytes(1, answer)));
  }
  return extensions(writer.bytes(9, responses), 13, of);
}

function pathItem(item: object): WireWriter {
  const writer = new WireWriter();
  for (const [name, value] of Object.entries(item) as [string, unknown][]) {
    const number = methods[name];
    if (number !== undefined) writer.bytes(number, operation(value as Operation2));
    else if (name === 'parameters') for (const each of value as readonly Parameter2[]) writer.bytes(9, parameter(each));
  }
  return writer;
}

/** The document, encoded. */
export function encodeOpenApi2({ swagger, info, paths, definitions }: OpenApi2): Buffer {
  const pathList = new WireWriter();
  for (const [path, item] of Object.entries(paths)) pathList.bytes(2, named(path, pathItem(item)));
  const definitionList = new WireWriter();
  for (const [name, definition] of Object.entries(definitions)) definitionList.bytes(1, named(name, schema(definition)));
  return new WireWriter()
    .bytes(1, swagger)
    .bytes(2, new WireWriter().bytes(1, info.title).bytes(2, info.version))
    .bytes(8, pathList)
    .bytes(9, definitionList)
    .finish();
}
