import type {
  LabelSelector,
  NodeManifest,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodManifest,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from '../../src/api/generated/models.ts';
import { Quantity } from '../../src/api/quantity.ts';
import type { Stored } from '../../src/api/object.ts';
import type { NaiveVolumes } from './naive-volumes.ts';

type Pod = Stored<PodManifest>;
type Node = Stored<NodeManifest>;
type Labels = Readonly<Record<string, string>>;

export interface World {
  readonly nodes: readonly Node[];
  /** Bound ones. */
  readonly pods: readonly Pod[];
  readonly namespaces: Readonly<Record<string, Labels>>;
  readonly services: readonly { readonly namespace: string; readonly selector: Labels }[];
  /** By `kind/namespace/name`: what a ReplicationController or ReplicaSet selects. */
  readonly owners: ReadonlyMap<string, LabelSelector>;
  readonly volumes: NaiveVolumes;
  readonly args: NaiveArgs;
}

/** What the plugins are told besides. */
export interface NaiveArgs {
  readonly strategy?: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  /** By resource; cpu and memory of equal weight unless given. */
  readonly weights?: Readonly<Record<string, number>>;
  /** The profile's own: nodes must have this label, and are preferred by this one. */
  readonly added?: { readonly required?: readonly [string, string]; readonly preferred?: readonly [string, string] };
  readonly hardPodAffinityWeight?: number;
  readonly ignorePreferredTermsOfExistingPods?: boolean;
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
}

export interface Refused {
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** True if it may help that pods go. */
  readonly resolvable: boolean;
}

export interface Verdict {
  /** By node, what refuses it first; undefined: feasible. */
  readonly refusedBy: ReadonlyMap<string, Refused | undefined>;
  /** By feasible node, the weighted score by plugin. */
  readonly scores: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/**
 * Kubernetes' default plugins written down as the documentation says them: for every node look at every pod, keep nothing.
 * Slow and obviously right.
 */
export function naiveVerdict(pod: Pod, world: World): Verdict {
  const refusedBy = new Map(world.nodes.map((node) => [node.metadata.name, refused(pod, node, world)]));
  const feasible = world.nodes.filter((node) => refusedBy.get(node.metadata.name) === undefined);
  const byPlugin = Object.entries(scorers).map(([name, score]) => [name, score(pod, feasible, world)] as const);
  const scores = feasible.map(
    (node, i) => [node.metadata.name, Object.fromEntries(byPlugin.map(([name, values]) => [name, values[i]!]))] as const,
  );
  return { refusedBy, scores: new Map(scores) };
}

/** Why a node will not do, by the first plugin that says so. */
export function refused(pod: Pod, node: Node, world: World): Refused | undefined {
  for (const [plugin, objection] of filters) {
    const found = objection(pod, node, world);
    if (found !== undefined) return { plugin, ...found };
  }
  return undefined;
}

const nodeLabels = (node: Node): Labels => node.metadata.labels ?? {};
const podLabels = (pod: Pod): Labels => pod.metadata.labels ?? {};
const namespaceOf = (pod: Pod): string => pod.metadata.namespace ?? '';
const on = (node: Node, { pods }: World): readonly Pod[] => pods.filter((pod) => pod.spec?.nodeName === node.metadata.name);
const nodeOf = (pod: Pod, { nodes }: World): Node | undefined => nodes.find((node) => node.metadata.name === pod.spec?.nodeName);

// What pods ask for

const amount = (resource: string, quantity: string | number | undefined): number =>
  quantity === undefined ? 0 : resource === 'cpu' ? Quantity.parse(quantity).toMilli() : Quantity.parse(quantity).toInteger();

function request(pod: Pod, resource: string, unstated: number): number {
  const of = (container: { resources?: { requests?: Readonly<Record<string, string | number>> } }): number => {
    const stated = container.resources?.requests?.[resource];
    return stated === undefined ? unstated : amount(resource, stated);
  };
  const init = pod.spec?.initContainers ?? [];
  const sidecars = init.filter(({ restartPolicy }) => restartPolicy === 'Always');
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const running = sum([...(pod.spec?.containers ?? []), ...sidecars].map(of));
  const starting = init.map(
    (container, i) =>
      of(container) +
      sum(
        init
          .slice(0, i)
          .filter((other) => sidecars.includes(other))
          .map(of),
      ),
  );
  return Math.max(running, ...starting) + amount(resource, pod.spec?.overhead?.[resource]);
}

const hostPorts = (pod: Pod) =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')].flatMap(
    ({ ports }) => (ports ?? []).filter(({ hostPort }) => (hostPort ?? 0) > 0),
  );

// Selectors

function matchesLabels(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return exact && (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => meets(labels[key], operator, values));
}

function meets(value: string | undefined, operator: string, values: readonly string[]): boolean {
  if (operator === 'In') return value !== undefined && values.includes(value);
  if (operator === 'NotIn') return value === undefined || !values.includes(value);
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  if (value === undefined || !/^-?\d+$/.test(value)) return false;
  return operator === 'Gt' ? Number(value) > Number(values[0]) : Number(value) < Number(values[0]);
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const field = ({ operator, values = [] }: NodeSelectorRequirement): boolean => meets(node.metadata.name, operator, values);
  return (
    matchExpressions.every(({ key, operator, values = [] }) => meets(nodeLabels(node)[key], operator, values)) && matchFields.every(field)
  );
}

function nodeAffinityMatches(pod: Pod, node: Node): boolean {
  const selected = Object.entries(pod.spec?.nodeSelector ?? {}).every(([key, value]) => nodeLabels(node)[key] === value);
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return selected && (required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node)));
}

function tolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some(
    ({ key = '', operator = 'Equal', value = '', effect = '' }) =>
      (effect === '' || effect === taint.effect) &&
      (key === '' || key === taint.key) &&
      (operator === 'Exists' || value === (taint.value ?? '')),
  );
}

const awayFrom = (node: Node, pod: Pod): Taint | undefined =>
  (node.spec?.taints ?? []).find((taint) => taint.effect !== 'PreferNoSchedule' && !tolerated(taint, pod.spec?.tolerations ?? []));
const keepsAway = (node: Node, pod: Pod): boolean => awayFrom(node, pod) !== undefined;

function termMeans(term: PodAffinityTerm, owner: Pod, other: Pod, { namespaces }: World): boolean {
  const named = term.namespaces ?? [];
  const inNamespace =
    named.length === 0 && term.namespaceSelector === undefined
      ? namespaceOf(other) === namespaceOf(owner)
      : named.includes(namespaceOf(other)) || matchesLabels(term.namespaceSelector, namespaces[namespaceOf(other)] ?? {});
  const own = (keys: readonly string[] | undefined): readonly string[] => (keys ?? []).filter((key) => podLabels(owner)[key] !== undefined);
  return (
    inNamespace &&
    matchesLabels(term.labelSelector, podLabels(other)) &&
    own(term.matchLabelKeys).every((key) => podLabels(other)[key] === podLabels(owner)[key]) &&
    own(term.mismatchLabelKeys).every((key) => podLabels(other)[key] !== podLabels(owner)[key])
  );
}

const requiredTerms = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity'): readonly PodAffinityTerm[] =>
  pod.spec?.affinity?.[kind]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const preferredTerms = (pod: Pod, kind: 'podAffinity' | 'podAntiAffinity') =>
  pod.spec?.affinity?.[kind]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** True if both nodes are in one domain of the key. */
const together = (a: Node | undefined, b: Node, key: string): boolean =>
  a !== undefined && nodeLabels(a)[key] !== undefined && nodeLabels(a)[key] === nodeLabels(b)[key];

// Spreading

interface Spread extends TopologySpreadConstraint {
  readonly all: readonly string[];
  readonly isDefault: boolean;
}

function spreads(pod: Pod, when: string, world: World): readonly Spread[] {
  const own = (pod.spec?.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when);
  if ((pod.spec?.topologySpreadConstraints ?? []).length > 0)
    return own.map((one) => ({ ...one, all: own.map(({ topologyKey }) => topologyKey), isDefault: false }));
  const labelSelector = belonging(pod, world);
  if (labelSelector === undefined) return [];
  if (world.args.defaultConstraints !== undefined) {
    const given = world.args.defaultConstraints.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === when);
    return given.map((one) => ({ ...one, labelSelector, all: given.map(({ topologyKey }) => topologyKey), isDefault: true }));
  }
  if (when !== 'ScheduleAnyway') return [];
  return [
    { topologyKey: 'kubernetes.io/hostname', maxSkew: 3, whenUnsatisfiable: when, labelSelector, all: [], isDefault: true },
    { topologyKey: 'topology.kubernetes.io/zone', maxSkew: 5, whenUnsatisfiable: when, labelSelector, all: [], isDefault: true },
  ];
}

/** What the Services and the owner of a pod select together; undefined: it belongs to none. */
function belonging(pod: Pod, { services, owners }: World): LabelSelector | undefined {
  const mine = services.filter(
    ({ namespace, selector }) =>
      namespace === namespaceOf(pod) && Object.entries(selector).every(([key, value]) => podLabels(pod)[key] === value),
  );
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  const owned = owner && owners.get(`${owner.kind}/${namespaceOf(pod)}/${owner.name}`);
  if (mine.length === 0 && owned === undefined) return undefined;
  const exact: Labels[] = mine.map(({ selector }) => selector);
  // They should agree, as all of them select the pod; the owner's has the last word for one label if it is a map.
  if (owner?.kind === 'ReplicationController') exact.push(owned?.matchLabels ?? {});
  const matchLabels = Object.assign({}, ...exact) as Record<string, string>;
  const equal = [
    ...Object.entries(matchLabels),
    ...(owner?.kind === 'ReplicationController' ? [] : Object.entries(owned?.matchLabels ?? {})),
  ];
  const matchExpressions = equal.map(([key, value]) => ({ key, operator: 'In', values: [value] }));
  return { matchExpressions: [...matchExpressions, ...(owned?.matchExpressions ?? [])] };
}

function countsFor({ labelSelector, matchLabelKeys = [] }: Spread, pod: Pod, other: Pod): boolean {
  const everything =
    Object.keys(labelSelector?.matchLabels ?? {}).length + (labelSelector?.matchExpressions ?? []).length === 0 &&
    matchLabelKeys.every((key) => podLabels(pod)[key] === undefined);
  if (everything || other.metadata.deletionTimestamp !== undefined || namespaceOf(other) !== namespaceOf(pod)) return false;
  return selectedBy(labelSelector, matchLabelKeys, pod, other);
}

function selectedBy(selector: LabelSelector | undefined, keys: readonly string[], pod: Pod, other: Pod): boolean {
  return (
    matchesLabels(selector, podLabels(other)) &&
    keys.every((key) => podLabels(pod)[key] === undefined || podLabels(other)[key] === podLabels(pod)[key])
  );
}

function eligible({ all, nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' }: Spread, pod: Pod, node: Node): boolean {
  if (!all.every((key) => nodeLabels(node)[key] !== undefined)) return false;
  return (nodeAffinityPolicy !== 'Honor' || nodeAffinityMatches(pod, node)) && (nodeTaintsPolicy !== 'Honor' || !keepsAway(node, pod));
}

function podsByDomain(spread: Spread, pod: Pod, world: World): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of world.nodes) {
    const value = nodeLabels(node)[spread.topologyKey];
    if (value === undefined || !eligible(spread, pod, node)) continue;
    counts.set(value, (counts.get(value) ?? 0) + on(node, world).filter((other) => countsFor(spread, pod, other)).length);
  }
  return counts;
}

// The plugins

type Objection = { readonly reasons: readonly string[]; readonly resolvable: boolean } | undefined;
type Objects = (pod: Pod, node: Node, world: World) => Objection;

const unless = (passes: boolean, resolvable: boolean, ...reasons: readonly string[]): Objection =>
  passes ? undefined : { reasons, resolvable };

const resources = ['cpu', 'memory', 'example.com/gpu'];
const allocatable = (node: Node, resource: string): number => amount(resource, node.status?.allocatable?.[resource]);

/** Nodes a pod names by `metadata.name` in every term; nobody looks at others. */
function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const names = terms.map(({ matchFields = [] }) => matchFields.flatMap(({ values = [] }) => values));
  return names.length === 0 || names.some((each) => each.length === 0) ? undefined : new Set(names.flat());
}

const filters: readonly (readonly [string, Objects])[] = [
  [
    'NodeAffinity',
    (pod, node) => unless(namedNodes(pod)?.has(node.metadata.name) !== false, false, "node(s) didn't satisfy plugin(s) [NodeAffinity]"),
  ],
  [
    'NodeUnschedulable',
    (pod, node) =>
      unless(
        node.spec?.unschedulable !== true ||
          tolerated({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }, pod.spec?.tolerations ?? []),
        false,
        'node(s) were unschedulable',
      ),
  ],
  [
    'TaintToleration',
    (pod, node) => {
      const taint = awayFrom(node, pod);
      return unless(taint === undefined, false, `node(s) had untolerated taint {${taint?.key}: ${taint?.value}}`);
    },
  ],
  [
    'NodeAffinity',
    (pod, node, { args: { added } }) =>
      unless(
        added?.required === undefined || nodeLabels(node)[added.required[0]] === added.required[1],
        false,
        "node(s) didn't match scheduler-enforced node affinity",
      ) ?? unless(nodeAffinityMatches(pod, node), false, "node(s) didn't match Pod's node affinity/selector"),
  ],
  [
    'NodePorts',
    (pod, node, world) =>
      unless(
        !on(node, world).some((other) =>
          hostPorts(other).some((taken) =>
            hostPorts(pod).some((wanted) => {
              const any = (ip: string | undefined): boolean => ip === undefined || ip === '' || ip === '0.0.0.0';
              const sameAddress = any(taken.hostIP) || any(wanted.hostIP) || taken.hostIP === wanted.hostIP;
              return taken.hostPort === wanted.hostPort && (taken.protocol ?? 'TCP') === (wanted.protocol ?? 'TCP') && sameAddress;
            }),
          ),
        ),
        true,
        "node(s) didn't have free ports for the requested pod ports",
      ),
  ],
  [
    'NodeResourcesFit',
    (pod, node, world) => {
      const reasons = on(node, world).length + 1 <= allocatable(node, 'pods') ? [] : ['Too many pods'];
      const lacking = resources.filter((resource) => {
        const wanted = request(pod, resource, 0);
        return (
          wanted > 0 && wanted + on(node, world).reduce((sum, other) => sum + request(other, resource, 0), 0) > allocatable(node, resource)
        );
      });
      reasons.push(...lacking.map((resource) => `Insufficient ${resource}`));
      return unless(
        reasons.length === 0,
        lacking.every((resource) => request(pod, resource, 0) <= allocatable(node, resource)),
        ...reasons,
      );
    },
  ],
  ['VolumeRestrictions', (pod, _node, world) => world.volumes.inUse(pod, world.pods)],
  ['VolumeBinding', (pod, node, world) => world.volumes.unbindable(pod, node)],
  ['VolumeZone', (pod, node, world) => world.volumes.elsewhere(pod, node)],
  [
    'PodTopologySpread',
    (pod, node, world) => {
      const hard = spreads(pod, 'DoNotSchedule', world);
      const skewed = hard.find((spread) => {
        const value = nodeLabels(node)[spread.topologyKey];
        if (value === undefined) return true;
        const counts = podsByDomain(spread, pod, world);
        const least = counts.size < (spread.minDomains ?? 1) ? 0 : Math.min(...counts.values());
        const self = selectedBy(spread.labelSelector, spread.matchLabelKeys ?? [], pod, pod) ? 1 : 0;
        return (counts.get(value) ?? 0) + self - least > spread.maxSkew;
      });
      const text = "node(s) didn't match pod topology spread constraints";
      if (skewed === undefined) return undefined;
      return nodeLabels(node)[skewed.topologyKey] === undefined
        ? { reasons: [`${text} (missing required label)`], resolvable: false }
        : { reasons: [text], resolvable: true };
    },
  ],
  [
    'InterPodAffinity',
    (pod, node, world) => {
      const terms = requiredTerms(pod, 'podAffinity');
      const companions = world.pods.filter((other) => terms.every((term) => termMeans(term, pod, other, world)));
      const anywhere = terms.some(({ topologyKey }) =>
        companions.some(
          (other) => nodeLabels(nodeOf(other, world) ?? node)[topologyKey] !== undefined && nodeOf(other, world) !== undefined,
        ),
      );
      const first = !anywhere && terms.every((term) => termMeans(term, pod, pod, world));
      const near = terms.every(
        ({ topologyKey }) =>
          nodeLabels(node)[topologyKey] !== undefined &&
          (first || companions.some((other) => together(nodeOf(other, world), node, topologyKey))),
      );
      if (!near) return { reasons: ["node(s) didn't match pod affinity rules"], resolvable: false };
      const disturbs = world.pods.some((other) =>
        requiredTerms(pod, 'podAntiAffinity').some(
          (term) => termMeans(term, pod, other, world) && together(nodeOf(other, world), node, term.topologyKey),
        ),
      );
      const disturbed = world.pods.some((other) =>
        requiredTerms(other, 'podAntiAffinity').some(
          (term) => termMeans(term, other, pod, world) && together(nodeOf(other, world), node, term.topologyKey),
        ),
      );
      return (
        unless(!disturbs, true, "node(s) didn't match pod anti-affinity rules") ??
        unless(!disturbed, true, "node(s) didn't satisfy existing pods anti-affinity rules")
      );
    },
  ],
];

/** A line through 0 % -> 0, 60 % -> 10, 100 % -> 3, times ten. */
export const ratioShape = [
  { utilization: 0, score: 0 },
  { utilization: 60, score: 10 },
  { utilization: 100, score: 3 },
];
const ratioScore = (part: number): number => (part <= 60 ? Math.trunc((100 * part) / 60) : 100 + Math.trunc((-70 * (part - 60)) / 40));

type Scores = (pod: Pod, feasible: readonly Node[], world: World) => readonly number[];

const scorers: Readonly<Record<string, Scores>> = {
  TaintToleration: (pod, feasible) => {
    const tolerations = (pod.spec?.tolerations ?? []).filter(({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule');
    const raw = feasible.map(
      (node) => (node.spec?.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerated(taint, tolerations)).length,
    );
    const max = Math.max(0, ...raw);
    return raw.map((score) => 3 * (max === 0 ? 100 : 100 - Math.floor((100 * score) / max)));
  },
  NodeAffinity: (pod, feasible, { args: { added } }) => {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const bonus = (node: Node): number =>
      added?.preferred !== undefined && nodeLabels(node)[added.preferred[0]] === added.preferred[1] ? 7 : 0;
    const raw = feasible.map(
      (node) =>
        bonus(node) + preferred.filter(({ preference }) => matchesTerm(preference, node)).reduce((sum, { weight }) => sum + weight, 0),
    );
    const max = Math.max(0, ...raw);
    return raw.map((score) => 2 * (max === 0 ? 0 : Math.floor((100 * score) / max)));
  },
  NodeResourcesFit: (pod, feasible, world) =>
    feasible.map((node) => {
      const { strategy = 'LeastAllocated', weights = { cpu: 1, memory: 1 } } = world.args;
      const unstated: Readonly<Record<string, number>> = { cpu: 100, memory: 200 * 1024 * 1024 };
      const parts = Object.entries(weights).flatMap(([resource, weight]) => {
        const capacity = allocatable(node, resource);
        // What only some pods need does not count for the others.
        if (capacity === 0 || (resource === 'example.com/gpu' && request(pod, resource, 0) === 0)) return [];
        const taken = [pod, ...on(node, world)].reduce((sum, other) => sum + request(other, resource, unstated[resource] ?? 0), 0);
        const part = (taken * 100) / capacity;
        if (strategy === 'LeastAllocated')
          return [{ weight, score: taken > capacity ? 0 : Math.floor(((capacity - taken) * 100) / capacity) }];
        if (strategy === 'MostAllocated') return [{ weight, score: Math.floor(Math.min(part, 100)) }];
        const score = ratioScore(taken > capacity ? 100 : Math.floor(part));
        return score > 0 ? [{ weight, score }] : [];
      });
      if (parts.length === 0) return 0;
      const mean = parts.reduce((sum, { weight, score }) => sum + weight * score, 0) / parts.reduce((sum, { weight }) => sum + weight, 0);
      return strategy === 'RequestedToCapacityRatio' ? Math.round(mean) : Math.floor(mean);
    }),
  NodeResourcesBalancedAllocation: (pod, feasible, world) =>
    feasible.map((node) => {
      if (request(pod, 'cpu', 0) === 0 && request(pod, 'memory', 0) === 0) return 0;
      const parts = ['cpu', 'memory'].flatMap((resource) => {
        const capacity = allocatable(node, resource);
        const taken = [pod, ...on(node, world)].reduce((sum, other) => sum + request(other, resource, 0), 0);
        return capacity === 0 ? [] : [Math.min(1, taken / capacity)];
      });
      return parts.length < 2 ? 100 : Math.trunc((1 - Math.abs((parts[0]! - parts[1]!) / 2)) * 100);
    }),
  ImageLocality: (pod, feasible, { nodes }) => {
    const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
    const size = (node: Node, image: string): number | undefined =>
      node.status?.images?.find(({ names }) => names?.includes(image.includes(':') ? image : `${image}:latest`))?.sizeBytes;
    const least = 23 * 1024 * 1024;
    const most = 1_000 * 1024 * 1024 * containers.length;
    return feasible.map((node) => {
      const bytes = containers.reduce((sum, { image = '' }) => {
        const having = nodes.filter((other) => size(other, image) !== undefined).length;
        return sum + Math.trunc((size(node, image) ?? 0) * (having / nodes.length));
      }, 0);
      return Math.trunc((100 * (Math.min(Math.max(bytes, least), most) - least)) / (most - least));
    });
  },
  PodTopologySpread: (pod, feasible, world) => {
    const constraints = spreads(pod, 'ScheduleAnyway', world);
    if (constraints.length === 0) return feasible.map(() => 0);
    const ignored = (node: Node): boolean => constraints.some(({ all }) => all.some((key) => nodeLabels(node)[key] === undefined));
    const scored = feasible.filter((node) => !ignored(node));
    const raw = feasible.map((node) =>
      Math.round(constraints.reduce((sum, spread) => sum + spreadPart(spread, pod, node, scored, world), 0)),
    );
    const counted = raw.filter((_score, i) => !ignored(feasible[i]!));
    const max = Math.max(0, ...counted);
    const min = Math.min(...counted);
    return feasible.map((node, i) => 2 * (ignored(node) ? 0 : max === 0 ? 100 : Math.trunc((100 * (max + min - raw[i]!)) / max)));
  },
  InterPodAffinity: (pod, feasible, world) => {
    const raw = feasible.map((node) => world.pods.reduce((sum, other) => sum + attraction(pod, other, node, world), 0));
    const min = Math.min(...raw);
    const max = Math.max(...raw);
    return raw.map((score) => 2 * (max > min ? Math.trunc(100 * ((score - min) / (max - min))) : 0));
  },
};

function spreadPart(spread: Spread, pod: Pod, node: Node, scored: readonly Node[], world: World): number {
  const value = nodeLabels(node)[spread.topologyKey];
  if (value === undefined) return 0;
  const perNode = spread.topologyKey === 'kubernetes.io/hostname';
  const size = perNode ? scored.length : new Set(scored.map((other) => nodeLabels(other)[spread.topologyKey] ?? '')).size;
  const count = perNode
    ? on(node, world).filter((other) => countsFor(spread, pod, other)).length
    : (podsByDomain(spread, pod, world).get(value) ?? 0);
  return count * Math.log(size + 2) + (spread.maxSkew - 1);
}

function attraction(pod: Pod, other: Pod, node: Node, world: World): number {
  const at = nodeOf(other, world);
  const part = (term: PodAffinityTerm, owner: Pod, meant: Pod, weight: number): number =>
    termMeans(term, owner, meant, world) && together(at, node, term.topologyKey) ? weight : 0;
  const own = preferredTerms(pod, 'podAffinity').map(({ podAffinityTerm, weight }) => part(podAffinityTerm, pod, other, weight));
  const ownAnti = preferredTerms(pod, 'podAntiAffinity').map(({ podAffinityTerm, weight }) => part(podAffinityTerm, pod, other, -weight));
  const its = preferredTerms(other, 'podAffinity').map(({ podAffinityTerm, weight }) => part(podAffinityTerm, other, pod, weight));
  const itsAnti = preferredTerms(other, 'podAntiAffinity').map(({ podAffinityTerm, weight }) => part(podAffinityTerm, other, pod, -weight));
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } = world.args;
  const itsRequired = requiredTerms(other, 'podAffinity').map((term) => part(term, other, pod, hardPodAffinityWeight));
  // Only pods that have wishes themselves mind those of others then.
  if (ignorePreferredTermsOfExistingPods && preferredTerms(pod, 'podAffinity').length + preferredTerms(pod, 'podAntiAffinity').length === 0)
    return 0;
  return [...own, ...ownAnti, ...its, ...itsAnti, ...itsRequired].reduce((a, b) => a + b, 0);
}
