import type {
  V2HorizontalPodAutoscalerSpec,
  V2HorizontalPodAutoscalerStatus,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
  V2MetricValueStatus,
} from '../../api/generated/models.ts';

/** One metric of an autoscaler: what is aimed at, and what was measured. */
export interface AutoscalerMetric {
  /** Resource, ContainerResource, Pods, Object or External. */
  readonly type: string;
  /** `cpu`, `web/cpu` for one container, or the name of the metric. */
  readonly name: string;
  readonly target: V2MetricTarget;
  /** undefined while there is no measurement. */
  readonly current: V2MetricValueStatus | undefined;
}

function nameOf(metric: V2MetricSpec | V2MetricStatus): string {
  const { resource, containerResource, pods, object, external } = metric;
  if (containerResource !== undefined) return `${containerResource.container}/${containerResource.name}`;
  return resource?.name ?? (pods ?? object ?? external)?.metric.name ?? '';
}

function currentOf({ resource, containerResource, pods, object, external }: V2MetricStatus): V2MetricValueStatus | undefined {
  return (resource ?? containerResource ?? pods ?? object ?? external)?.current;
}

export function currentMetrics(
  spec: V2HorizontalPodAutoscalerSpec,
  status: V2HorizontalPodAutoscalerStatus | undefined,
): readonly AutoscalerMetric[] {
  const measured = status?.currentMetrics ?? [];
  return (spec.metrics ?? []).map((metric) => {
    const name = nameOf(metric);
    const found = measured.find((each) => each.type === metric.type && nameOf(each) === name);
    const { resource, containerResource, pods, object, external } = metric;
    const target = (resource ?? containerResource ?? pods ?? object ?? external)?.target ?? { type: '' };
    return { type: metric.type, name, target, current: found === undefined ? undefined : currentOf(found) };
  });
}
