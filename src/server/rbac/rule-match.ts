import type { PolicyRule } from '../../api/generated/models.ts';
import type { AuthorizationRequest } from '../auth/authorizer.ts';

const has = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.includes('*') === true || list?.includes(wanted) === true;

/** True if the rule allows what is asked. Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources */
export function allows(rule: PolicyRule, { verb, resource, path }: AuthorizationRequest): boolean {
  if (!has(rule.verbs, verb)) return false;
  if (resource === undefined) return (rule.nonResourceURLs ?? []).some((url) => coversUrl(url, path));
  if (!has(rule.apiGroups, resource.group) || !coversResource(rule.resources ?? [], resource.resource, resource.subresource)) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || names.includes(resource.name ?? '');
}

/** `*`, `pods`, `pods/log`, `*` and a slash before a subresource: that subresource of every resource. */
function coversResource(resources: readonly string[], resource: string, subresource: string): boolean {
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return has(resources, full) || (subresource !== '' && resources.includes(`*/${subresource}`));
}

function coversUrl(url: string, path: string): boolean {
  return url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1)));
}

/** What of `wanted` no rule of `held` covers, as rules of one verb, group and resource each. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(singleRules).filter((single) => !held.some((rule) => covers(rule, single)));
}

function covers(rule: PolicyRule, single: PolicyRule): boolean {
  const [verb = ''] = single.verbs;
  if (!has(rule.verbs, verb)) return false;
  const [url] = single.nonResourceURLs ?? [];
  if (url !== undefined) return (rule.nonResourceURLs ?? []).some((each) => coversUrl(each, url));
  const [resource = '', subresource = ''] = (single.resources?.[0] ?? '').split('/');
  if (!has(rule.apiGroups, single.apiGroups?.[0] ?? '') || !coversResource(rule.resources ?? [], resource, subresource)) return false;
  const [name] = single.resourceNames ?? [];
  const names = rule.resourceNames ?? [];
  return names.length === 0 || (name !== undefined && names.includes(name));
}

function singleRules({
  verbs,
  apiGroups = [],
  resources = [],
  resourceNames = [],
  nonResourceURLs = [],
}: PolicyRule): readonly PolicyRule[] {
  return verbs.flatMap((verb) => [
    ...nonResourceURLs.map((url) => ({ verbs: [verb], nonResourceURLs: [url] })),
    ...apiGroups.flatMap((group) =>
      resources.flatMap((resource) => {
        const single = { verbs: [verb], apiGroups: [group], resources: [resource] };
        return resourceNames.length === 0 ? [single] : resourceNames.map((name) => ({ ...single, resourceNames: [name] }));
      }),
    ),
  ]);
}
