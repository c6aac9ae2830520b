import type {
  V2HorizontalPodAutoscalerManifest,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
  V2MetricValueStatus,
} from '../../api/generated/models.ts';
import type { PrintedColumn } from '../../api/kind.ts';
import type { Stored } from '../../api/object.ts';
import { ageColumn, column, nameColumn } from '../columns.ts';

const shownMax = 2;
const unknown = '<unknown>';

function partsOf(metric: V2MetricSpec | V2MetricStatus): { readonly target?: V2MetricTarget; readonly current?: V2MetricValueStatus } {
  return metric.resource ?? metric.containerResource ?? metric.pods ?? metric.object ?? metric.external ?? {};
}

function metricText(spec: V2MetricSpec, status: V2MetricStatus | undefined): string {
  const { target } = partsOf(spec);
  const { current } = status === undefined ? {} : partsOf(status);
  if (target?.averageUtilization !== undefined) {
    const now = current?.averageUtilization;
    return `${now === undefined ? unknown : `${now}%`}/${target.averageUtilization}%`;
  }
  if (target?.averageValue !== undefined) {
    const average = spec.type === 'Object' || spec.type === 'External' ? ' (avg)' : '';
    return `${current?.averageValue ?? unknown}/${target.averageValue}${average}`;
  }
  return `${current?.value ?? unknown}/${target?.value ?? unknown}`;
}

/** `20%/80%, 3/10 + 1 more...` */
function targetsText({ spec, status }: Stored<V2HorizontalPodAutoscalerManifest>): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const texts = metrics.map((metric, i) => metricText(metric, status?.currentMetrics?.[i]));
  const shown = texts.slice(0, shownMax).join(', ');
  return texts.length > shownMax ? `${shown} + ${texts.length - shownMax} more...` : shown;
}

export const autoscalerColumns: readonly PrintedColumn<Stored<V2HorizontalPodAutoscalerManifest>>[] = [
  nameColumn,
  column('Reference', ({ spec }) => `${spec?.scaleTargetRef.kind ?? ''}/${spec?.scaleTargetRef.name ?? ''}`),
  column('Targets', targetsText),
  column('MinPods', ({ spec }) => (spec?.minReplicas === undefined ? '<unset>' : String(spec.minReplicas))),
  column('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
  column('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn,
];
