import type {
  HorizontalPodAutoscalerManifest,
  V2HorizontalPodAutoscalerBehavior,
  V2HorizontalPodAutoscalerCondition,
  V2HorizontalPodAutoscalerManifest,
  V2MetricSpec,
  V2MetricStatus,
} from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import { defaultCpuUtilization } from './hpa-defaults.ts';

/*
 * autoscaling/v1 has a field for the CPU only. What else a v2 object says, v1 carries in annotations, as JSON.
 */

const metricsAnnotation = 'autoscaling.alpha.kubernetes.io/metrics';
const statusesAnnotation = 'autoscaling.alpha.kubernetes.io/current-metrics';
const conditionsAnnotation = 'autoscaling.alpha.kubernetes.io/conditions';
const behaviorAnnotation = 'autoscaling.alpha.kubernetes.io/behavior';
const annotations = [metricsAnnotation, statusesAnnotation, conditionsAnnotation, behaviorAnnotation];

function isCpu(metric: V2MetricSpec): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.averageUtilization !== undefined;
}

function isCpuStatus(metric: V2MetricStatus): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu';
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** A v2 object as v1 shows it. */
export function toV1(object: Stored<V2HorizontalPodAutoscalerManifest>): Stored<HorizontalPodAutoscalerManifest> {
  const { spec, status } = object;
  const cpu = spec?.metrics?.find(isCpu);
  const others = (spec?.metrics ?? []).filter((metric) => metric !== cpu);
  const cpuStatus = status?.currentMetrics?.find(isCpuStatus);
  const otherStatuses = (status?.currentMetrics ?? []).filter((metric) => metric !== cpuStatus);
  const carried = withoutUndefined({
    [metricsAnnotation]: others.length === 0 ? undefined : JSON.stringify(others),
    [statusesAnnotation]: otherStatuses.length === 0 ? undefined : JSON.stringify(otherStatuses),
    [conditionsAnnotation]: (status?.conditions ?? []).length === 0 ? undefined : JSON.stringify(status?.conditions),
    [behaviorAnnotation]: spec?.behavior === undefined ? undefined : JSON.stringify(spec.behavior),
  });
  const metadata =
    Object.keys(carried).length === 0
      ? object.metadata
      : { ...object.metadata, annotations: { ...object.metadata.annotations, ...carried } };
  const v1 = {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata,
    spec:
      spec &&
      withoutUndefined({
        scaleTargetRef: spec.scaleTargetRef,
        minReplicas: spec.minReplicas,
        maxReplicas: spec.maxReplicas,
        targetCPUUtilizationPercentage: cpu?.resource?.target.averageUtilization,
      }),
    status:
      status &&
      withoutUndefined({
        observedGeneration: status.observedGeneration,
        lastScaleTime: status.lastScaleTime,
        currentReplicas: status.currentReplicas ?? 0,
        desiredReplicas: status.desiredReplicas,
        currentCPUUtilizationPercentage: cpuStatus?.resource?.current.averageUtilization,
      }),
  };
  return withoutUndefined(v1) as unknown as Stored<HorizontalPodAutoscalerManifest>;
}

/** A list that an annotation carries; undefined where it is missing or no JSON. */
function carried<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

function metricsOf(spec: HorizontalPodAutoscalerManifest['spec'], others: readonly V2MetricSpec[]): readonly V2MetricSpec[] {
  const percent = spec?.targetCPUUtilizationPercentage ?? (others.length === 0 ? defaultCpuUtilization : undefined);
  if (percent === undefined) return others;
  return [...others, { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } }];
}

function statusesOf(percent: number | undefined, others: readonly V2MetricStatus[]): readonly V2MetricStatus[] {
  if (percent === undefined) return others;
  return [...others, { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent } } }];
}

/** A v1 object as v2 stores it. */
export function fromV1(object: HorizontalPodAutoscalerManifest): V2HorizontalPodAutoscalerManifest {
  const given = object.metadata?.annotations ?? {};
  const kept = Object.fromEntries(Object.entries(given).filter(([key]) => !annotations.includes(key)));
  const { annotations: _annotations, ...metadata } = object.metadata ?? {};
  const statuses = carried<readonly V2MetricStatus[]>(given[statusesAnnotation]) ?? [];
  const { spec, status } = object;
  const v2 = {
    ...object,
    apiVersion: 'autoscaling/v2' as const,
    metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, annotations: kept },
    spec:
      spec &&
      withoutUndefined({
        scaleTargetRef: spec.scaleTargetRef,
        minReplicas: spec.minReplicas,
        maxReplicas: spec.maxReplicas,
        metrics: metricsOf(spec, carried<readonly V2MetricSpec[]>(given[metricsAnnotation]) ?? []),
        behavior: carried<V2HorizontalPodAutoscalerBehavior>(given[behaviorAnnotation]),
      }),
    status:
      status &&
      withoutUndefined({
        observedGeneration: status.observedGeneration,
        lastScaleTime: status.lastScaleTime,
        currentReplicas: status.currentReplicas,
        desiredReplicas: status.desiredReplicas,
        currentMetrics: statusesOf(status.currentCPUUtilizationPercentage, statuses),
        conditions: carried<readonly V2HorizontalPodAutoscalerCondition[]>(given[conditionsAnnotation]),
      }),
  };
  return withoutUndefined(v2) as V2HorizontalPodAutoscalerManifest;
}
