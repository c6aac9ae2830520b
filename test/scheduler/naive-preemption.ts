import type { NodeManifest, PodManifest } from '../../src/api/generated/models.ts';
import type { Stored } from '../../src/api/object.ts';
import { refused, type World } from './naive-scheduler.ts';

type Pod = Stored<PodManifest>;
type Node = Stored<NodeManifest>;

export interface NaiveBudget {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly allowed: number;
}

export interface NaivePreemption {
  readonly node: string;
  readonly victims: readonly string[];
}

const priorityOf = ({ spec }: Pod): number => spec?.priority ?? 0;
const startOf = ({ status }: Pod): number => (status?.startTime === undefined ? Infinity : Date.parse(status.startTime));
/** The more important first: of higher priority, or running for longer; else in the order in which they came. */
const byImportance = (a: Pod, b: Pod): number => priorityOf(b) - priorityOf(a) || (startOf(a) === startOf(b) ? 0 : startOf(a) - startOf(b));

interface Candidate {
  readonly node: Node;
  readonly victims: readonly Pod[];
  readonly violations: number;
}

/**
 * Whom the pod would evict, as the documentation says: on every node where that may help take all of lower priority away, give back whom
 * one can, those first who are protected by a budget; then compare the nodes by one criterion after the other.
 */
export function naivePreemption(pod: Pod, world: World, budgets: readonly NaiveBudget[]): NaivePreemption | undefined {
  let candidates = world.nodes.flatMap((node) => candidateOn(node, pod, world, budgets) ?? []);
  const keepLeast = (figure: (candidate: Candidate) => number): void => {
    const least = Math.min(...candidates.map(figure));
    candidates = candidates.filter((candidate) => figure(candidate) === least);
  };
  const highest = ({ victims }: Candidate): number => Math.max(...victims.map(priorityOf));
  keepLeast(({ violations }) => violations);
  keepLeast(highest);
  keepLeast(({ victims }) => victims.reduce((sum, victim) => sum + priorityOf(victim) + 2 ** 31, 0));
  keepLeast(({ victims }) => victims.length);
  keepLeast((each) => -Math.min(...each.victims.filter((victim) => priorityOf(victim) === highest(each)).map(startOf)));
  const [best] = candidates;
  return best && { node: best.node.metadata.name, victims: best.victims.map(({ metadata }) => metadata.name).sort() };
}

function candidateOn(node: Node, pod: Pod, world: World, budgets: readonly NaiveBudget[]): Candidate | undefined {
  if (refused(pod, node, world)?.resolvable !== true) return undefined;
  const lower = world.pods.filter((other) => other.spec?.nodeName === node.metadata.name && priorityOf(other) < priorityOf(pod));
  const fitsWithout = (gone: readonly Pod[]): boolean =>
    refused(pod, node, { ...world, pods: world.pods.filter((other) => !gone.includes(other)) }) === undefined;
  if (lower.length === 0 || !fitsWithout(lower)) return undefined;
  const ordered = [...lower].sort(byImportance);
  const violating = exceeding(ordered, budgets);
  let gone: readonly Pod[] = ordered;
  for (const victim of [...ordered.filter((each) => violating.has(each)), ...ordered.filter((each) => !violating.has(each))]) {
    const fewer = gone.filter((each) => each !== victim);
    if (fitsWithout(fewer)) gone = fewer;
  }
  return gone.length === 0 ? undefined : { node, victims: gone, violations: gone.filter((each) => violating.has(each)).length };
}

function exceeding(pods: readonly Pod[], budgets: readonly NaiveBudget[]): ReadonlySet<Pod> {
  const found = new Set<Pod>();
  for (const { namespace, labels, allowed } of budgets) {
    const protectedPods = pods.filter(
      ({ metadata }) =>
        metadata.namespace === namespace && Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value),
    );
    for (const each of protectedPods.slice(Math.max(0, allowed))) found.add(each);
  }
  return found;
}

/** What Kubernetes says of preemption when it finds nobody to evict. */
export function whyInVain(pod: Pod, world: World): string {
  const reasons = world.nodes.flatMap((node): readonly string[] => {
    if (refused(pod, node, world)?.resolvable !== true) return ['Preemption is not helpful for scheduling'];
    const others = world.pods.filter((other) => other.spec?.nodeName !== node.metadata.name || priorityOf(other) >= priorityOf(pod));
    if (others.length === world.pods.length) return ['No preemption victims found for incoming pod'];
    return refused(pod, node, { ...world, pods: others })?.reasons ?? [];
  });
  return `0/${world.nodes.length} nodes are available: ${histogram(reasons)}.`;
}

/** `2 Insufficient cpu, 1 Too many pods`, sorted as text. */
export function histogram(reasons: readonly string[]): string {
  const counted = [...new Set(reasons)].map((reason) => `${reasons.filter((other) => other === reason).length} ${reason}`);
  return counted.sort((a, b) => (a < b ? -1 : 1)).join(', ');
}
