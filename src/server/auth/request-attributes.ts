import type { Identity } from '../../api/client.ts';
import type { RequestPath } from '../request-path.ts';
import type { RequestTarget } from '../request-target.ts';
import type { AuthorizationRequest } from './authorizer.ts';

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

/** True for `?name=true` and `?name=1`; also for `?name`, as Kubernetes reads it. */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== 'false' && value !== '0';
}

/**
 * What a request wants, in the terms of authorization.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
 */
export function attributesOf(identity: Identity, method: string, target: RequestTarget, path: RequestPath): AuthorizationRequest {
  if (path.type !== 'resource') return { identity, verb: method.toLowerCase(), resource: undefined, path: target.pathname };
  const { group, version, resource, subresource } = path;
  const name = path.name ?? selectedName(target.searchParams);
  // A Namespace is in itself: whoever has a right in it may be given one to it.
  const isNamespace = group === '' && resource === 'namespaces';
  const namespace = isNamespace ? path.name : path.namespace;
  return {
    identity,
    verb: verbOf(method, path, target.searchParams),
    resource: { group, version, resource, subresource, namespace, name },
    path: target.pathname,
  };
}

function verbOf(method: string, path: Extract<RequestPath, { type: 'resource' }>, query: URLSearchParams): string {
  const isCollection = path.name === undefined;
  if (method === 'GET' || method === 'HEAD') {
    if (path.subresource === 'proxy') return 'get';
    if (path.watch === true || (flagOf(query, 'watch') && path.subresource === '')) return 'watch';
    return isCollection ? 'list' : 'get';
  }
  if (method === 'DELETE') return isCollection ? 'deletecollection' : 'delete';
  return verbs[method] ?? method.toLowerCase();
}

/** A list or watch of one object by its name counts as a request for that object. */
function selectedName(query: URLSearchParams): string | undefined {
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(query.get('fieldSelector') ?? '')?.[1];
}
