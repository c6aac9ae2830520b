import { BadRequestError } from '../errors.ts';

/** A request path, taken apart. */
export type RequestPath =
  | {
      readonly type: 'resource';
      readonly group: string;
      readonly version: string;
      readonly namespace: string | undefined;
      readonly resource: string;
      readonly name: string | undefined;
      /** '' for the main resource. */
      readonly subresource: string;
      /** What follows a proxy subresource, with its leading slash; '' for none. */
      readonly rest: string;
      /** True for the old paths of watches, `/api/v1/watch/...`. */
      readonly watch?: boolean;
    }
  | { readonly type: 'discovery'; readonly root: 'api' | 'apis'; readonly group: string | undefined; readonly version: string | undefined }
  | { readonly type: 'other'; readonly path: string };

const subresourcesOfNamespace: ReadonlySet<string> = new Set(['status', 'finalize']);

/** Takes a path apart as Kubernetes does. Throws `BadRequestError` for one that is not properly encoded or tries to climb. */
export function parsePath(path: string): RequestPath {
  const parts = path.split('/').slice(1).map(decoded);
  if (parts.some((part) => part === '.' || part === '..')) throw new BadRequestError(`invalid path ${JSON.stringify(path)}`);
  while (parts.length > 0 && parts.at(-1) === '') parts.pop();
  const [root, ...rest] = parts;
  if (root === 'api') return inVersion('api', rest.length === 0 ? undefined : '', rest[0], rest.slice(1));
  if (root === 'apis') return inVersion('apis', rest[0], rest[1], rest.slice(2));
  return { type: 'other', path };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BadRequestError(`invalid path segment ${JSON.stringify(part)}: not properly encoded`);
  }
}

function inVersion(root: 'api' | 'apis', group: string | undefined, version: string | undefined, rest: readonly string[]): RequestPath {
  if (group === undefined || version === undefined || rest.length === 0) return { type: 'discovery', root, group, version };
  // The paths of watches before `?watch=true`, which are served still.
  if (rest[0] === 'watch' && rest.length > 1)
    return { ...(inVersion(root, group, version, rest.slice(1)) as Extract<RequestPath, { type: 'resource' }>), watch: true };
  const [first, second, third, ...more] = rest;
  if (first === 'namespaces' && second !== undefined && third !== undefined && !(subresourcesOfNamespace.has(third) && more.length === 0)) {
    return resourceAt(group, version, second, [third, ...more]);
  }
  return resourceAt(group, version, undefined, rest);
}

function resourceAt(group: string, version: string, namespace: string | undefined, parts: readonly string[]): RequestPath {
  const [resource = '', name, subresource = '', ...rest] = parts;
  return { type: 'resource', group, version, namespace, resource, name, subresource, rest: rest.length === 0 ? '' : `/${rest.join('/')}` };
}
