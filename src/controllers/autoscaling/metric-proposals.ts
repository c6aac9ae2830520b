import type {
  V2HorizontalPodAutoscalerManifest,
  V2MetricIdentifier,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
} from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { Quantity } from '../../api/quantity.ts';
import type { ViewReader } from '../../api/view-reader.ts';
import type { Instant } from '../../env/clock.ts';
import {
  externalKey,
  externalTable,
  isRequestMetric,
  podUsageTable,
  requestKey,
  requestMetrics,
  requestsTable,
  type ExternalSample,
  type Measurement,
  type PodUsage,
} from '../../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
import { isReady, type Pod } from '../pods.ts';
import { groupPods } from './pod-groups.ts';
import {
  averageTarget,
  mean,
  replicasFor,
  replicasForAverage,
  replicasForValue,
  utilizationOf,
  utilizationTarget,
  type Tolerance,
} from './replica-calculator.ts';

/** What one metric would have, or why it cannot say. */
export type MetricProposal =
  { readonly replicas: number; readonly status: V2MetricStatus } | { readonly reason: string; readonly problem: string };

/** What all metrics of an autoscaler are computed from. */
export interface MetricContext {
  readonly view: ViewReader;
  readonly autoscaler: Stored<V2HorizontalPodAutoscalerManifest>;
  readonly pods: readonly Pod[];
  readonly current: number;
  readonly present: number;
  readonly tolerance: Tolerance;
  readonly now: Instant;
}

const milliText = (milli: number): string => Quantity.ofMilli(Math.round(milli)).toString();
const milliOf = (quantity: string | number | undefined): number => (quantity === undefined ? 0 : Quantity.parse(quantity).toMilli());
const failure = (type: string, problem: string): MetricProposal => ({ reason: `FailedGet${type}Metric`, problem });
const noMetrics = 'did not receive metrics for targeted pods (pods might be unready)';

export function proposalOf(context: MetricContext, metric: V2MetricSpec): MetricProposal {
  const { resource, containerResource, pods, object, external } = metric;
  if (resource !== undefined) return fromResource(context, 'Resource', resource.name, resource.target, undefined);
  if (containerResource !== undefined) {
    const { name, container, target } = containerResource;
    return fromResource(context, 'ContainerResource', name, target, container);
  }
  if (pods !== undefined) return fromPods(context, pods.metric, pods.target);
  if (object !== undefined) return fromObject(context, object);
  return external === undefined
    ? failure('', `unknown metric source type ${JSON.stringify(metric.type)}`)
    : fromExternal(context, external);
}

/** CPU or memory, of whole Pods or of one container of each. */
function fromResource(
  context: MetricContext,
  type: string,
  name: string,
  target: V2MetricTarget,
  container: string | undefined,
): MetricProposal {
  const { pods, current, tolerance, now } = context;
  const groups = groupPods(pods, usageOf(context, name, container), name === 'cpu', now);
  const key = type === 'Resource' ? 'resource' : 'containerResource';
  const status = (currentValue: object): V2MetricStatus =>
    ({ type, [key]: { name, ...(container === undefined ? {} : { container }), current: currentValue } }) as unknown as V2MetricStatus;
  const none = `failed to get ${name} ${target.type === 'Utilization' ? 'utilization' : 'usage'}`;
  if (groups.measured.size === 0)
    return failure(type, `${none}: ${pods.length === 0 ? 'no pods returned by selector while calculating replica count' : noMetrics}`);
  if (target.type !== 'Utilization') {
    const replicas = replicasFor(groups, current, averageTarget(milliOf(target.averageValue)), tolerance);
    return { replicas, status: status({ averageValue: milliText(mean(groups.measured)) }) };
  }
  const requests = requestsOf(pods, name, container);
  if (typeof requests === 'string') return failure(type, `${none}: ${requests}`);
  const replicas = replicasFor(groups, current, utilizationTarget(target.averageUtilization ?? 0, requests), tolerance);
  const averageUtilization = utilizationOf(groups.measured, requests);
  return { replicas, status: status({ averageUtilization, averageValue: milliText(mean(groups.measured)) }) };
}

/** What each Pod uses of a resource; a Pod of which one container was not measured was not measured. */
function usageOf({ view, pods }: MetricContext, resource: string, only: string | undefined): ReadonlyMap<string, Measurement> {
  const table = view.table<PodUsage>(podUsageTable);
  const usage = new Map<string, Measurement>();
  for (const pod of pods) {
    const containers = (pod.spec?.containers ?? []).filter(({ name }) => only === undefined || name === only);
    const found = containers.map(({ name }) => table.get(pod.metadata.uid)?.get(name)?.get(resource));
    if (found.length === 0 || found.some((each) => each === undefined)) continue;
    const all = found as readonly Measurement[];
    const milli = all.reduce((sum, each) => sum + each.milli, 0);
    usage.set(pod.metadata.uid, { milli, atMs: Math.min(...all.map(({ atMs }) => atMs)), windowMs: all[0]!.windowMs });
  }
  return usage;
}

function requestsOf(pods: readonly Pod[], resource: string, only: string | undefined): ReadonlyMap<string, number> | string {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const sidecars = (pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
    let total = 0;
    for (const { name, resources } of [...(pod.spec?.containers ?? []), ...sidecars]) {
      if (only !== undefined && name !== only) continue;
      const request = resources?.requests?.[resource];
      if (request === undefined) return `missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}`;
      total += milliOf(request);
    }
    requests.set(pod.metadata.uid, total);
  }
  return requests;
}

const noLabels = 'what the service proxy measures has no labels: expected no metric.selector';
const unknownMetric = (name: string): string => `there is no metric ${JSON.stringify(name)} here: expected ${requestMetrics.join(' or ')}`;

function fromPods(context: MetricContext, { name, selector }: V2MetricIdentifier, target: V2MetricTarget): MetricProposal {
  const { view, pods, current, tolerance, now } = context;
  const none = `unable to get metric ${name}`;
  if (!isRequestMetric(name)) return failure('Pods', `${none}: ${unknownMetric(name)}`);
  if (selector !== undefined) return failure('Pods', `${none}: ${noLabels}`);
  const table = view.table<Measurement>(requestsTable);
  const measured = new Map(
    pods.flatMap((pod) => {
      const found = table.get(requestKey(name, `pod/${pod.metadata.uid}`));
      return found === undefined ? [] : [[pod.metadata.uid, found] as const];
    }),
  );
  const groups = groupPods(pods, measured, false, now);
  if (groups.measured.size === 0) return failure('Pods', `${none}: no metrics returned from the service proxy`);
  const replicas = replicasFor(groups, current, averageTarget(milliOf(target.averageValue)), tolerance);
  const pods_ = { metric: { name }, current: { averageValue: milliText(mean(groups.measured)) } };
  return { replicas, status: { type: 'Pods', pods: pods_ } };
}

function fromObject(context: MetricContext, object: NonNullable<V2MetricSpec['object']>): MetricProposal {
  const { describedObject, metric, target } = object;
  const none = `unable to get metric ${metric.name}: ${describedObject.kind} on ${context.autoscaler.metadata.namespace ?? ''} ${describedObject.name}`;
  if (describedObject.kind !== 'Service') return failure('Object', `${none}: only Services are measured, by the service proxy`);
  if (!isRequestMetric(metric.name)) return failure('Object', `${none}: ${unknownMetric(metric.name)}`);
  if (metric.selector !== undefined) return failure('Object', `${none}: ${noLabels}`);
  const key = requestKey(metric.name, `service/${context.autoscaler.metadata.namespace ?? ''}/${describedObject.name}`);
  const found = context.view.table<Measurement>(requestsTable).get(key);
  if (found === undefined) return failure('Object', `${none}: the service proxy has counted nothing for it yet`);
  const { replicas, value } = fromValue(context, found.milli, target);
  return { replicas, status: { type: 'Object', object: { describedObject, metric, current: value } } };
}

function fromExternal(context: MetricContext, { metric, target }: NonNullable<V2MetricSpec['external']>): MetricProposal {
  const key = externalKey(context.autoscaler.metadata.namespace ?? '', metric.name, metric.selector);
  const sample = context.view.table<ExternalSample>(externalTable).get(key);
  const none = `unable to get external metric ${context.autoscaler.metadata.namespace ?? ''}/${metric.name}`;
  if (sample === undefined || sample.values.length === 0)
    return failure('External', `${none}: ${sample?.problem ?? 'no metrics returned from external metrics API'}`);
  const milli = sample.values.reduce((sum, each) => sum + each.milli, 0);
  const { replicas, value } = fromValue(context, milli, target);
  return { replicas, status: { type: 'External', external: { metric, current: value } } };
}

function fromValue(
  { current, present, pods, tolerance }: MetricContext,
  milli: number,
  target: V2MetricTarget,
): { readonly replicas: number; readonly value: { readonly value?: string; readonly averageValue?: string } } {
  if (target.type === 'AverageValue') {
    const replicas = replicasForAverage(milli, milliOf(target.averageValue), present, tolerance);
    return { replicas, value: { averageValue: milliText(Math.ceil(milli / Math.max(1, present))) } };
  }
  const ready = pods.filter((pod) => pod.status?.phase === 'Running' && isReady(pod)).length;
  const replicas = replicasForValue(milli, milliOf(target.value), current, ready, tolerance);
  return { replicas, value: { value: milliText(milli) } };
}
