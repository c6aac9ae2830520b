import type { Container, PodManifest } from '../../api/generated/models.ts';
import { Quantity } from '../../api/quantity.ts';
import type { Stored } from '../../api/object.ts';
import { parseTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';
import { podAmounts } from '../pod/pod-amounts.ts';
import { isHugePages, isNativeResource } from '../resource-names.ts';
import type { ResourceAmounts } from './resource-amounts.ts';

const one = Quantity.of(1);
const computed = ['cpu', 'memory', 'ephemeral-storage'];

/** Resources every container must name if a quota limits them. Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/ */
const mustBeGiven: ReadonlySet<string> = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);

function computeUsage(requests: ResourceAmounts, limits: ResourceAmounts): Map<string, Quantity> {
  const usage = new Map<string, Quantity>([['pods', one]]);
  for (const [name, amount] of requests) {
    if (computed.includes(name) || isHugePages(name)) usage.set(name, amount);
    if (computed.includes(name) || isHugePages(name) || !isNativeResource(name)) usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of limits) if (computed.includes(name)) usage.set(`limits.${name}`, amount);
  return usage;
}

/** Ended Pods, and those whose time to go is up, use nothing but their place in `count/pods`. */
function usesNothing(pod: PodManifest | Stored<PodManifest>, now: Instant): boolean {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return true;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return false;
  // The timestamp of a deletion is the time at which the grace period ends.
  return now > parseTime(deletionTimestamp);
}

/** What a Pod counts for in a quota. */
export function podUsage(pod: PodManifest, now: Instant): ResourceAmounts {
  const all: [string, Quantity][] = [['count/pods', one]];
  if (pod.spec === undefined || usesNothing(pod, now)) return new Map(all);
  return new Map([...all, ...computeUsage(podAmounts(pod.spec, 'requests'), podAmounts(pod.spec, 'limits'))]);
}

const podNames: ReadonlySet<string> = new Set([
  'count/pods',
  'pods',
  ...computed,
  ...computed.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
]);

/** Whether a Pod counts for what a quota limits under this name. */
export function isPodResource(name: string): boolean {
  if (podNames.has(name) || isHugePages(name)) return true;
  if (!name.startsWith('requests.')) return false;
  const rest = name.slice('requests.'.length);
  return isHugePages(rest) || !isNativeResource(rest);
}

/** What containers must name and do not: `must specify limits.cpu for: web; requests.cpu for: web`. */
export function missingInContainers(pod: PodManifest, limited: readonly string[]): string | undefined {
  const required = limited.filter((name) => mustBeGiven.has(name));
  if (required.length === 0) return undefined;
  const missing = new Map<string, Set<string>>();
  for (const container of [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])]) {
    const usage = computeUsage(quantities(container, 'requests'), quantities(container, 'limits'));
    for (const name of required) {
      if (!usage.has(name)) missing.set(name, (missing.get(name) ?? new Set()).add(container.name));
    }
  }
  if (missing.size === 0) return undefined;
  const texts = [...missing]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, containers]) => `${name} for: ${[...containers].sort().join(',')}`);
  return `must specify ${texts.join('; ')}`;
}

const quantities = (container: Container, list: 'requests' | 'limits'): ResourceAmounts =>
  new Map(Object.entries(container.resources?.[list] ?? {}).map(([name, text]) => [name, Quantity.parse(text)]));
