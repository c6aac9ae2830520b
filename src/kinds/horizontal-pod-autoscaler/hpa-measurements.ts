import type { Instant } from '../../env/clock.ts';
import type { LabelSelector, V2MetricSpec } from '../../api/generated/models.ts';

/*
 * What is measured for autoscalers, as it stands in side tables of the view: samplers write, the controller reads. All values are in
 * thousandths (of a core, a byte, a request per second), as Kubernetes counts them.
 */

/** A value, when it was measured, and over what time before. */
export interface Measurement {
  readonly milli: number;
  readonly atMs: Instant;
  readonly windowMs: number;
}

/** What a Pod uses, by container and resource (`cpu`, `memory`). */
export type PodUsage = ReadonlyMap<string, ReadonlyMap<string, Measurement>>;

/** By the uid of the Pod. */
export const podUsageTable = 'pod-usage';

/** By `requestKey`. */
export const requestsTable = 'requests';

/** By `externalKey`: one value for each series. */
export const externalTable = 'external-metrics';

export interface ExternalSample {
  readonly values: readonly Measurement[];
  /** Why there is none. */
  readonly problem?: string;
}

/** Metrics every Service and every Pod behind one has, with nothing installed. */
export const requestMetrics = ['requests-per-second', 'requests-in-flight'] as const;
export type RequestMetric = (typeof requestMetrics)[number];
export const isRequestMetric = (name: string): name is RequestMetric => (requestMetrics as readonly string[]).includes(name);

/** `what`: `service/<namespace>/<name>` or `pod/<uid>`. */
export const requestKey = (metric: RequestMetric, what: string): string => `${metric}/${what}`;

export const externalKey = (namespace: string, name: string, selector: LabelSelector | undefined): string =>
  `${namespace}/${name}/${JSON.stringify(selector ?? {})}`;

/** `cpu resource`, `Service metric requests-per-second`: how Kubernetes names a metric in Events and conditions. */
export function metricText({ resource, containerResource, pods, object, external }: V2MetricSpec): string {
  const utilization = (target: { readonly type: string }): string =>
    target.type === 'Utilization' ? ' utilization (percentage of request)' : '';
  if (resource !== undefined) return `${resource.name} resource${utilization(resource.target)}`;
  if (containerResource !== undefined) return `${containerResource.name} container resource${utilization(containerResource.target)}`;
  if (pods !== undefined) return `pods metric ${pods.metric.name}`;
  if (object !== undefined) return `${object.describedObject.kind} metric ${object.metric.name}`;
  return `external metric ${external?.metric.name ?? ''}(${JSON.stringify(external?.metric.selector ?? null)})`;
}
