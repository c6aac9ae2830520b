import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '../../api/client.ts';
import { BadRequestError } from '../../errors.ts';

interface Part {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  readonly namespace?: string;
}

const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';
const authenticated = 'system:authenticated';

/**
 * Whom a request wants to play, and what it must be allowed to impersonate for that; undefined if nobody else.
 * Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 */
export function impersonation(headers: IncomingHttpHeaders): { readonly identity: Identity; readonly needs: readonly Part[] } | undefined {
  const name = one(headers['impersonate-user']);
  const uid = one(headers['impersonate-uid']);
  const groups = many(headers['impersonate-group']);
  const extra = extraOf(headers);
  if (name === undefined) {
    if (groups.length === 0 && uid === undefined && Object.keys(extra).length === 0) return undefined;
    throw new BadRequestError('requested impersonation without a user: Impersonate-User is missing');
  }
  const account = serviceAccountOf(name);
  const needs: Part[] = [
    account === undefined
      ? { group: '', resource: 'users', subresource: '', name }
      : { group: '', resource: 'serviceaccounts', subresource: '', ...account },
    ...groups.map((group) => ({ group: '', resource: 'groups', subresource: '', name: group })),
    ...(uid === undefined ? [] : [{ group: 'authentication.k8s.io', resource: 'uids', subresource: '', name: uid }]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value })),
    ),
  ];
  const identity: Identity = {
    name,
    groups: allGroups(name, groups, account?.namespace),
    role: 'user',
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
  return { identity, needs };
}

function allGroups(name: string, groups: readonly string[], namespace: string | undefined): readonly string[] {
  const own = groups.length > 0 || namespace === undefined ? groups : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  if (name === 'system:anonymous') return own.includes('system:unauthenticated') ? own : [...own, 'system:unauthenticated'];
  return own.includes(authenticated) ? own : [...own, authenticated];
}

function serviceAccountOf(user: string): { readonly namespace: string; readonly name: string } | undefined {
  if (!user.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = '', name = '', ...more] = user.slice(serviceAccountPrefix.length).split(':');
  return namespace === '' || name === '' || more.length > 0 ? undefined : { namespace, name };
}

function extraOf(headers: IncomingHttpHeaders): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([key]) => key.startsWith(extraPrefix))
      .map(([key, value]) => [decoded(key.slice(extraPrefix.length)), many(value)]),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const one = (value: string | readonly string[] | undefined): string | undefined => many(value)[0];

/** Node joins a header that stands more than once with commas; no group's name has one. */
function many(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return (typeof value === 'string' ? value.split(',') : value).map((each) => each.trim()).filter((each) => each !== '');
}
