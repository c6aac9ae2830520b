import { BadRequestError, NotFoundError } from '../errors.ts';

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

/** Takes a path apart as Kubernetes does. Throws `BadRequestError` for one that is not properly encoded or tries to climb, `NotFoundError` for one with an encoded slash. */
export function parsePath(path: string): RequestPath {
  const parts = path.split('/').slice(1).map(decoded);
  const climbing = parts.find((part) => part === '.' || part === '..');
  if (climbing !== undefined) throw new BadRequestError(`Name parameter invalid: ${JSON.stringify(climbing)}: may not be '${climbing}'`);
  // What is sent through a proxy is its own affair.
  const own = parts.slice(0, parts.indexOf('proxy') < 0 ? parts.length : parts.indexOf('proxy'));
  // A name with a slash in it would stand for another path in the store, one in another namespace, too: it is none that is served.
  if (own.some((part) => part.includes('/'))) throw new NotFoundError('the server could not find the requested resource', {});
  if (own.some((part) => /[%\p{Cc}]/u.test(part)))
    throw new BadRequestError(`invalid path ${JSON.stringify(path)}: a name may not contain '%' or control characters`);
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
