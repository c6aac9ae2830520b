import type { Patch } from '../api/client.ts';
import type { ReadYaml } from '../api/yaml.ts';
import { ApiError, BadRequestError } from '../errors.ts';
import { parseJson, readBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { invalidOption, writeOptions } from './write-options.ts';

const patchTypes: Readonly<Record<string, Patch['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
  'application/apply-patch+json': 'apply',
};

/** Reads the patch in a request's body, `custom` if it is for a custom resource; throws Kubernetes' refusals of what is none. */
export async function readPatch(exchange: Exchange, parseYaml: ReadYaml, custom = false): Promise<Patch> {
  const media = (exchange.request.headers['content-type'] ?? '').split(';')[0]!.trim();
  const type = patchTypes[media];
  // Schemas of custom resources have no merge keys.
  if (type === undefined || (custom && type === 'strategic')) {
    const accepted = Object.keys(patchTypes)
      .slice(0, 4)
      .filter((each) => !custom || patchTypes[each] !== 'strategic');
    throw new ApiError(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
      undefined,
      { retryable: false },
    );
  }
  if (type !== 'apply' && exchange.query.has('force')) {
    throw invalidOption('PatchOptions', 'force', 'FieldValueForbidden', 'Forbidden: may not be specified for non-apply patch');
  }
  const body = await readBody(exchange.request);
  const patch = type === 'apply' ? parseApplied(exchange, body.toString('utf8'), parseYaml) : parsePatch(type, body);
  return (type === 'apply' ? { type, patch, force: exchange.flag('force') } : { type, patch }) as Patch;
}

/** Keys that stand twice are refused, told of, or let be, as `fieldValidation` says. */
function parseApplied(exchange: Exchange, text: string, parseYaml: ReadYaml): unknown {
  const twice: string[] = [];
  const patch = parseYaml(text, (words) => twice.push(words));
  if (twice.length === 0) return patch;
  const { fieldValidation, onWarning } = writeOptions(exchange, 'PatchOptions');
  const words = `error strict decoding YAML: yaml: unmarshal errors:\n  ${twice.join('\n  ')}`;
  if (fieldValidation === 'Strict') throw new BadRequestError(words);
  if (fieldValidation === 'Warn') onWarning?.(words);
  return patch;
}

/** A merge patch that is no JSON is answered with a 500, as Kubernetes does. */
function parsePatch(type: Patch['type'], body: Buffer): unknown {
  try {
    return parseJson(body).value;
  } catch (error) {
    throw type === 'merge' ? new ApiError(500, '', 'Invalid JSON Patch', undefined, { cause: error, retryable: false }) : error;
  }
}
