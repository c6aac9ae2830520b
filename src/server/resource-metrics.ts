import { apiVersionOf, type KindDescriptor } from '../api/kind.ts';
import type { StoredObject } from '../api/object.ts';
import { selectedBy } from '../api/selection.ts';
import { methodNotAllowed, notFound } from '../api/status-errors.ts';
import { formatTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Clock } from '../env/clock.ts';
import { NotFoundError } from '../errors.ts';
import { nodeKind } from '../kinds/node.ts';
import { podKind } from '../kinds/pod.ts';
import type { Measurement, PodUsage } from '../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
import type { Exchange } from './exchange.ts';
import { listParameters, selectionOf, unreadableSelector } from './list-query.ts';
import type { RequestPath } from './request-path.ts';

/** Who knows what the Pods of this process use. */
export interface UsageSource {
  /** By the uid of the Pod. */
  usage(): Promise<ReadonlyMap<string, PodUsage>>;
  /** The nodes of this process. */
  readonly names: readonly string[];
}

export interface ResourceMetricsEnv {
  readonly view: ViewReader;
  readonly clock: Clock;
  readonly usage: UsageSource;
}

type Usages = ReadonlyMap<string, PodUsage>;
type ContainerUsage = ReadonlyMap<string, Measurement>;

export const metricsGroup = 'metrics.k8s.io';

const measured = (kind: string, of: KindDescriptor): KindDescriptor => ({
  group: metricsGroup,
  version: 'v1beta1',
  kind,
  plural: of.plural,
  singular: of.singular,
  shortNames: [],
  categories: [],
  namespaced: of.namespaced,
  model: of.model,
  nameRule: of.nameRule,
  hasGeneration: false,
  hasStatus: false,
  verbs: ['get', 'list'],
});

/** What `metrics.k8s.io` serves. Measured when somebody asks and never stored: these are no kinds of the registry. */
export const metricsKinds: readonly KindDescriptor[] = [
  measured('NodeMetrics', nodeKind as KindDescriptor),
  measured('PodMetrics', podKind as KindDescriptor),
];

/**
 * Answers `metrics.k8s.io/v1beta1`, which `kubectl top` reads. What was not measured yet, or runs in another process, is left out.
 *
 * Source: https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/
 */
export async function answerMetrics(
  env: ResourceMetricsEnv,
  exchange: Exchange,
  path: Extract<RequestPath, { type: 'resource' }>,
): Promise<void> {
  const kind = metricsKinds.find((each) => each.plural === path.resource && each.version === path.version);
  const misplaced = kind?.namespaced === true ? path.name !== undefined && path.namespace === undefined : path.namespace !== undefined;
  if (kind === undefined || misplaced || path.subresource !== '')
    throw new NotFoundError('the server could not find the requested resource', {});
  const { method = 'GET' } = exchange.request;
  if (path.watch === true || exchange.flag('watch')) throw methodNotAllowed(kind, 'watch');
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed(kind, method.toLowerCase());
  const parameters = listParameters(exchange.query);
  const usages = await env.usage.usage();
  const metricsOf = (object: StoredObject): object | undefined =>
    kind.kind === 'PodMetrics' ? podMetrics(object, usages) : nodeMetrics(env, object, usages);
  const source = kind.namespaced ? podKind : nodeKind;
  const head = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  if (path.name !== undefined) {
    const object = env.view.get(source as KindDescriptor, path.namespace, path.name);
    const metrics = object === undefined ? undefined : metricsOf(object);
    if (metrics === undefined) throw notFound(kind, path.name);
    return exchange.object(200, { ...head, ...metrics });
  }
  let selected: (object: StoredObject) => boolean;
  try {
    selected = selectedBy(kind, selectionOf(parameters, path.namespace));
  } catch (error) {
    throw unreadableSelector(error);
  }
  const objects = env.view.list(source as KindDescriptor, { namespace: path.namespace }).filter(selected);
  const items = objects.flatMap((object) => metricsOf(object) ?? []);
  exchange.object(200, { kind: `${kind.kind}List`, apiVersion: head.apiVersion, metadata: {}, items });
}

function podMetrics(pod: StoredObject, usages: Usages): object | undefined {
  const containers = [...(usages.get(pod.metadata.uid) ?? [])];
  // Half a Pod would be taken for the whole.
  if (containers.length === 0 || !containers.every(([, usage]) => usage.has('cpu') && usage.has('memory'))) return undefined;
  const all = containers.map(([, usage]) => usage);
  return { ...about(pod, all), containers: containers.map(([name, usage]) => ({ name, usage: quantities([usage]) })) };
}

/** What the Pods of a node use together: what else its machine does is not the cluster's. */
function nodeMetrics({ view, clock, usage }: ResourceMetricsEnv, node: StoredObject, usages: Usages): object | undefined {
  const { name } = node.metadata;
  if (!usage.names.includes(name)) return undefined;
  const all = view.podsOnNode(name).flatMap((pod) => [...(usages.get(pod.metadata.uid)?.values() ?? [])]);
  return { ...about(node, all, clock.now()), usage: quantities(all) };
}

function about({ metadata }: StoredObject, usages: readonly ContainerUsage[], now = 0): object {
  const { name, namespace, labels } = metadata;
  const measurements = usages.flatMap((usage) => usage.get('cpu') ?? []);
  const atMs = measurements.reduce((latest, each) => Math.max(latest, each.atMs), measurements.length === 0 ? now : 0);
  const windowMs = measurements.reduce((longest, each) => Math.max(longest, each.windowMs), 0);
  const timestamp = formatTime(atMs);
  return {
    metadata: { name, namespace, creationTimestamp: timestamp, labels },
    timestamp,
    window: `${windowMs / 1000}s`,
  };
}

function quantities(usages: readonly ContainerUsage[]): object {
  const sum = (resource: string): number => usages.reduce((total, usage) => total + (usage.get(resource)?.milli ?? 0), 0);
  return { cpu: `${sum('cpu')}m`, memory: `${Math.ceil(sum('memory') / 1000 / 1024)}Ki` };
}
