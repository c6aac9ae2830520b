import { parseJsonText } from '../api/json-text.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject } from '../api/object.ts';
import type { ReadYaml } from '../api/yaml.ts';
import { ApiError, BadRequestError, ParseError } from '../errors.ts';
import { readBody, unrecognized } from './body.ts';
import type { Exchange } from './exchange.ts';

/** Kubernetes' own encoding, which its Go clients use for built-in kinds. */
export const protobufType = 'application/vnd.kubernetes.protobuf';

/** An object as a request carries it, and what stood twice in its text, in words. */
export interface GivenObject {
  readonly object: KubeObject;
  readonly duplicates: readonly string[];
}

/** Reads the object in a request's body; throws Kubernetes' refusals of what is none. */
export async function readObject(
  exchange: Exchange,
  kind: KindDescriptor,
  namespace: string | undefined,
  parseYaml: ReadYaml,
): Promise<GivenObject> {
  const body = await readBody(exchange.request);
  const { value, duplicates } = parseObject(exchange, kind, body, parseYaml);
  const object = (value ?? {}) as KubeObject;
  if (typeof object !== 'object' || Array.isArray(object)) throw unrecognized(kind.kind, goObjectExpected(object), body);
  for (const field of ['apiVersion', 'kind'] as const) {
    const given: unknown = object[field];
    if (given === undefined || given === null || typeof given === 'string') continue;
    throw unrecognized(
      kind.kind,
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${typeof given} into Go struct field .${field} of type string`,
      body,
    );
  }
  if ((object.apiVersion ?? '').split('/').length > 2)
    throw unrecognized(kind.kind, `unexpected GroupVersion string: ${object.apiVersion!}`, body);
  const given = givenText(kind, object, 'namespace');
  if (namespace !== undefined && given !== '' && given !== namespace) {
    throw new BadRequestError(
      exchange.request.method === 'PUT'
        ? `the namespace of the object (${given}) does not match the namespace on the request (${namespace})`
        : 'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  return {
    object: namespace === undefined || given === namespace ? object : { ...object, metadata: { ...object.metadata, namespace } },
    duplicates,
  };
}

function goObjectExpected(value: unknown): string {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const target = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value of type ${target}`;
}

interface Parsed {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

function parseObject(exchange: Exchange, kind: KindDescriptor, body: Buffer, parseYaml: ReadYaml): Parsed {
  const type = exchange.contentType;
  try {
    if (type === protobufType && exchange.protobuf !== undefined) return { value: exchange.protobuf.read(body, kind), duplicates: [] };
    if (type === 'application/yaml') {
      const duplicates: string[] = [];
      return { value: parseYaml(body.toString('utf8'), (words) => duplicates.push(`yaml: unmarshal errors:\n  ${words}`)), duplicates };
    }
    if (type === 'application/json' || type === '') {
      const { value, duplicateFields } = parseJsonText(body.toString('utf8'));
      return { value, duplicates: duplicateFields.map((path) => `duplicate field ${JSON.stringify(path)}`) };
    }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw unrecognized(
      kind.kind,
      type === 'application/yaml' || type === protobufType
        ? error.message
        : `couldn't get version/kind; json parse error: ${error.message}`,
      body,
    );
  }
  throw new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf`,
    undefined,
    { retryable: false },
  );
}

/** The name or namespace an object says it has; '' if it says none. Throws `BadRequestError` if it is no text. */
export function givenText(kind: Pick<KindDescriptor, 'kind' | 'version'>, object: KubeObject, field: 'name' | 'namespace'): string {
  const text: unknown = object.metadata?.[field] ?? '';
  if (typeof text === 'string') return text;
  const type = Array.isArray(text) ? 'array' : typeof text === 'boolean' ? 'bool' : typeof text;
  throw new BadRequestError(
    `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: json: cannot unmarshal ${type} into Go struct field ObjectMeta.metadata.${field} of type string`,
  );
}
