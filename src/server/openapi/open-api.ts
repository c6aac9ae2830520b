import { createHash } from 'node:crypto';
import { apiVersionOf, type KindDescriptor } from '../../api/kind.ts';
import type { KindIndex } from '../../api/kind-index.ts';
import type { SchemaTable } from '../../api/schema.ts';
import { Definitions, type OpenApiSchema } from './definitions.ts';
import { encodeOpenApi2, type OpenApi2 } from './open-api-protobuf.ts';
import { operationsOf, type Operation, type Payload } from './operations.ts';

const info = { title: 'Kubernetes', version: 'v1.33.0+coxswain' };
const objectTypes = ['application/json', 'application/yaml'];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** A document as it is sent, with a hash of its text. */
export interface OpenApiDocument {
  readonly text: string;
  readonly hash: string;
}

function document(value: object): OpenApiDocument {
  const text = JSON.stringify(value);
  return { text, hash: createHash('sha256').update(text).digest('hex').toUpperCase() };
}

/**
 * The API described in OpenAPI, version 2 in one document and version 3 in one for each group and version. Documents are made when
 * they are first asked for, and made again when kinds have come or gone.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-interface-definition
 */
export class OpenApi {
  readonly #kinds: KindIndex;
  readonly #table: SchemaTable;
  readonly #documents = new Map<string, OpenApiDocument>();
  #changes = -1;
  #encoded: { readonly hash: string; readonly bytes: Buffer } | undefined;

  constructor(kinds: KindIndex, table: SchemaTable) {
    this.#kinds = kinds;
    this.#table = table;
  }

  /** The document at a path below `/openapi/`; undefined if there is none. */
  at(path: string): OpenApiDocument | undefined {
    if (this.#changes !== this.#kinds.changes) {
      this.#changes = this.#kinds.changes;
      this.#documents.clear();
    }
    const known = this.#documents.get(path);
    if (known !== undefined) return known;
    const made = this.#make(path);
    if (made === undefined) return undefined;
    const finished = document(made);
    this.#documents.set(path, finished);
    return finished;
  }

  #make(path: string): object | undefined {
    if (path === '/openapi/v2') return this.#version2();
    if (path === '/openapi/v3') return this.#index();
    const [, group] = /^\/openapi\/v3\/(.+)$/.exec(path) ?? [];
    return group === undefined ? undefined : this.#version3(group);
  }

  /** The documents of version 3: `apis/apps/v1` and where it is, with a hash for caches. */
  #index(): object {
    const groups = new Set(this.#kinds.all().map(documentOf));
    const entry = (group: string): object => {
      const hash = this.at(`/openapi/v3/${group}`)?.hash ?? '';
      return { serverRelativeURL: `/openapi/v3/${group}?hash=${hash}` };
    };
    return { paths: Object.fromEntries([...groups].sort().map((group) => [group, entry(group)])) };
  }

  /** Version 2 in protobuf. */
  protobuf(): Buffer {
    const { hash } = this.at('/openapi/v2')!;
    if (this.#encoded?.hash !== hash) this.#encoded = { hash, bytes: encodeOpenApi2(this.#version2()) };
    return this.#encoded.bytes;
  }

  #version2(): OpenApi2 {
    const kinds = this.#kinds.all();
    const definitions = new Definitions(this.#table, '#/definitions/', kinds);
    const paths = pathsOf(kinds, (operation) => operation2(operation, definitions), pathParameters2);
    return { swagger: '2.0', info, paths, definitions: definitions.all() };
  }

  #version3(group: string): object | undefined {
    const kinds = this.#kinds.all().filter((kind) => documentOf(kind) === group);
    if (kinds.length === 0) return undefined;
    const definitions = new Definitions(this.#table, '#/components/schemas/', this.#kinds.all());
    const paths = pathsOf(kinds, (operation) => operation3(operation, definitions), pathParameters3);
    return { openapi: '3.0.0', info, paths, components: { schemas: definitions.all() } };
  }
}

const documentOf = (kind: KindDescriptor): string => (kind.group === '' ? `api/${kind.version}` : `apis/${apiVersionOf(kind)}`);

function pathsOf(
  kinds: readonly KindDescriptor[],
  describe: (operation: Operation) => object,
  parameters: (path: string) => readonly object[],
): Readonly<Record<string, object>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of kinds.flatMap(operationsOf)) {
    const at = (paths[operation.path] ??= { parameters: parameters(operation.path) });
    at[operation.method] = describe(operation);
  }
  return paths;
}

const placeholders = (path: string): readonly string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);

function pathParameters2(path: string): readonly object[] {
  return [
    ...placeholders(path).map((name) => ({ name, in: 'path', required: true, type: 'string', uniqueItems: true })),
    { name: 'pretty', in: 'query', type: 'string', uniqueItems: true },
  ];
}

function pathParameters3(path: string): readonly object[] {
  const schema = { type: 'string', uniqueItems: true };
  return [...placeholders(path).map((name) => ({ name, in: 'path', required: true, schema })), { name: 'pretty', in: 'query', schema }];
}

function schemaOf(payload: Payload | 'patch' | 'delete-options', kind: KindDescriptor, definitions: Definitions): OpenApiSchema {
  if (typeof payload === 'object') return definitions.model(payload.model);
  switch (payload) {
    case 'object':
      return definitions.kind(kind);
    case 'list':
      return definitions.list(kind);
    case 'status':
      return definitions.model('Status');
    case 'patch':
      return definitions.patch();
    case 'delete-options':
      return definitions.model('DeleteOptions');
    default:
      return { type: 'string' };
  }
}

const common = ({ id, action, gvk }: Operation): object => ({
  operationId: id,
  'x-kubernetes-action': action,
  'x-kubernetes-group-version-kind': gvk,
});

function answerCodes(operation: Operation): readonly string[] {
  if (operation.method === 'post') return ['200', '201', '202'];
  if (operation.method === 'delete') return operation.action === 'delete' ? ['200', '202'] : ['200'];
  return operation.method === 'get' ? ['200'] : ['200', '201'];
}

const meaning: Readonly<Record<string, string>> = { '200': 'OK', '201': 'Created', '202': 'Accepted' };

function operation2(operation: Operation, definitions: Definitions): object {
  const { query, body, kind, answer } = operation;
  const schema = schemaOf(answer, kind, definitions);
  return {
    ...common(operation),
    consumes: operation.method === 'patch' ? patchTypes : ['*/*'],
    produces: objectTypes,
    schemes: ['https'],
    parameters: [
      ...(body === undefined
        ? []
        : [{ name: 'body', in: 'body', required: body !== 'delete-options', schema: schemaOf(body, kind, definitions) }]),
      ...query.map(({ name, type }) => ({ name, in: 'query', type, uniqueItems: true })),
    ],
    responses: {
      ...Object.fromEntries(answerCodes(operation).map((code) => [code, { description: meaning[code], schema }])),
      '401': { description: 'Unauthorized' },
    },
  };
}

function operation3(operation: Operation, definitions: Definitions): object {
  const { query, body, kind, answer } = operation;
  const schema = schemaOf(answer, kind, definitions);
  const content = (types: readonly string[], of: OpenApiSchema): object => Object.fromEntries(types.map((type) => [type, { schema: of }]));
  return {
    ...common(operation),
    parameters: query.map(({ name, type }) => ({ name, in: 'query', schema: { type, uniqueItems: true } })),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body !== 'delete-options',
            content: content(operation.method === 'patch' ? patchTypes : ['*/*'], schemaOf(body, kind, definitions)),
          },
        }),
    responses: {
      ...Object.fromEntries(
        answerCodes(operation).map((code) => [code, { description: meaning[code], content: content(objectTypes, schema) }]),
      ),
      '401': { description: 'Unauthorized' },
    },
  };
}
