import { ApiError } from '../errors.ts';

/** How the client wants to see objects. */
export interface Rendering {
  /** `object`, or one of the renderings of meta.k8s.io. */
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';
  /** v1 or v1beta1 of meta.k8s.io. */
  readonly version: string;
  readonly format: 'json' | 'yaml';
}

const renderings: ReadonlySet<string> = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

function parseAccept(header: string): readonly { readonly type: string; readonly parameters: ReadonlyMap<string, string> }[] {
  return header
    .split(',')
    .map((entry) => {
      const [type = '', ...rest] = entry.split(';').map((part) => part.trim());
      const parameters = new Map(rest.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)] as const));
      return { type, parameters, quality: Number(parameters.get('q') ?? 1) };
    })
    .filter((entry) => entry.type !== '')
    .sort((a, b) => b.quality - a.quality);
}

function formatOf(type: string): 'json' | 'yaml' | undefined {
  if (type === '*/*' || type === 'application/json') return 'json';
  return type === 'application/yaml' ? 'yaml' : undefined;
}

/** Picks the first way of answering that the client accepts; throws Kubernetes' 406 if there is none. Protobuf is not served. */
export function negotiate(header: string | undefined): Rendering {
  let known = false;
  for (const { type, parameters } of parseAccept(header === undefined || header === '' ? 'application/json' : header)) {
    const format = formatOf(type);
    if (format === undefined) continue;
    known = true;
    const as = parameters.get('as');
    if (as === undefined) return { as: 'object', version: 'v1', format };
    const version = parameters.get('v') ?? 'v1';
    if (renderings.has(as) && parameters.get('g') === 'meta.k8s.io' && (version === 'v1' || version === 'v1beta1')) {
      return { as: as as Rendering['as'], version, format };
    }
  }
  // A type that no route produces is refused by the router; a rendering that there is not, by what renders.
  const message = 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf';
  throw known
    ? new ApiError(406, 'NotAcceptable', message, undefined, { retryable: false })
    : new ApiError(406, 'NotAcceptable', '406: Not Acceptable', {}, { retryable: false });
}
