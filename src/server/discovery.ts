import { apiVersionOf, type KindDescriptor } from '../api/kind.ts';
import type { KindIndex } from '../api/kind-index.ts';
import { extraSubresources } from './extra-subresources.ts';

const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const statusVerbs = ['get', 'patch', 'update'];

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

function resourcesOf(kind: KindDescriptor): readonly ApiResource[] {
  const { namespaced, plural } = kind;
  const sub = (name: string, of: string, verbs: readonly string[], group?: string, version?: string): ApiResource => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind: of,
    verbs,
  });
  const main: ApiResource = {
    name: plural,
    singularName: kind.singular,
    namespaced,
    kind: kind.kind,
    verbs: kind.verbs ?? allVerbs,
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
  };
  const extra = kind.group === '' ? (extraSubresources[plural] ?? []) : [];
  return [
    main,
    ...extra.map((each) => sub(each.name, each.kind, each.verbs, each.group, each.version)),
    ...(kind.scale === undefined ? [] : [sub('scale', 'Scale', statusVerbs, 'autoscaling', 'v1')]),
    ...(kind.hasStatus ? [sub('status', kind.kind, statusVerbs)] : []),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The order in which groups are listed: Kubernetes' own first, as it gives them, then the others by name. */
const groupOrder = [
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'discovery.k8s.io',
  'metrics.k8s.io',
];

const rank = (group: string): number => (groupOrder.includes(group) ? groupOrder.indexOf(group) : groupOrder.length);

/** What the server serves, in the forms discovery asks for. */
export class Discovery {
  readonly #kinds: Pick<KindIndex, 'all'>;

  constructor(kinds: Pick<KindIndex, 'all'>) {
    this.#kinds = kinds;
  }

  versions(host: string): object {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }] };
  }

  groups(): object {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.#groupNames().map((group) => this.#group(group)) };
  }

  /** Where the groups and their versions are found. */
  paths(): readonly string[] {
    const groups = this.#groupNames().flatMap((group) => [
      `/apis/${group}`,
      ...this.#versions(group).map((each) => `/apis/${group}/${each}`),
    ]);
    return ['/api', '/api/v1', '/apis', ...groups];
  }

  group(group: string): object | undefined {
    return this.#groupNames().includes(group) ? { kind: 'APIGroup', apiVersion: 'v1', ...this.#group(group) } : undefined;
  }

  resources(group: string, version: string): object | undefined {
    const kinds = this.#kinds.all().filter((kind) => kind.group === group && kind.version === version);
    if (kinds.length === 0) return undefined;
    const resources = [...kinds].sort((a, b) => (a.plural < b.plural ? -1 : 1)).flatMap(resourcesOf);
    return {
      kind: 'APIResourceList',
      ...(group === '' ? {} : { apiVersion: 'v1' }),
      groupVersion: apiVersionOf({ group, version }),
      resources,
    };
  }

  /** Aggregated discovery (`apidiscovery.k8s.io/v2`): everything in one answer. */
  aggregated(root: 'api' | 'apis', version: string): object {
    const groups = root === 'api' ? [''] : this.#groupNames();
    return {
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: groups.map((group) => ({
        metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
        versions: this.#versions(group).map((each) => ({
          version: each,
          freshness: 'Current',
          resources: this.#aggregatedResources(group, each),
        })),
      })),
    };
  }

  #aggregatedResources(group: string, version: string): readonly object[] {
    return this.#kinds
      .all()
      .filter((kind) => kind.group === group && kind.version === version)
      .sort((a, b) => (a.plural < b.plural ? -1 : 1))
      .map((kind) => {
        const [main, ...subs] = [...resourcesOf(kind)].sort((a, b) => Number(a.name.includes('/')) - Number(b.name.includes('/')));
        const responseKind = (each: ApiResource): object => ({
          group: each.group ?? group,
          version: each.version ?? version,
          kind: each.kind,
        });
        return {
          resource: kind.plural,
          responseKind: responseKind(main!),
          scope: kind.namespaced ? 'Namespaced' : 'Cluster',
          singularResource: kind.singular,
          verbs: main!.verbs,
          ...(main!.shortNames === undefined ? {} : { shortNames: main!.shortNames }),
          ...(main!.categories === undefined ? {} : { categories: main!.categories }),
          ...(subs.length === 0
            ? {}
            : {
                subresources: subs.map((each) => ({
                  subresource: each.name.slice(each.name.indexOf('/') + 1),
                  responseKind: responseKind(each),
                  verbs: each.verbs,
                })),
              }),
        };
      });
  }

  #group(group: string): object {
    const versions = this.#versions(group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
    return { name: group, versions, preferredVersion: versions[0] };
  }

  #versions(group: string): readonly string[] {
    const versions = new Set(this.#kinds.all().flatMap((kind) => (kind.group === group ? [kind.version] : [])));
    // v2 before v1 before v1beta1, as Kubernetes prefers them.
    return [...versions].sort((a, b) => priorityOf(b) - priorityOf(a));
  }

  #groupNames(): readonly string[] {
    const names = new Set(this.#kinds.all().flatMap((kind) => (kind.group === '' ? [] : [kind.group])));
    return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  }
}

function priorityOf(version: string): number {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return -1;
  const stage = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return stage * 1e6 + Number(match[1]) * 1e3 + Number(match[3] ?? 0);
}
