import type { V2HPAScalingPolicy, V2HPAScalingRules, V2HorizontalPodAutoscalerSpec } from '../../api/generated/models.ts';
import type { Draft } from '../../api/kind.ts';

/** Percent of the requested CPU that is aimed at if no metric is named. */
export const defaultCpuUtilization = 80;

/*
 * Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior
 */
const upPolicies: readonly V2HPAScalingPolicy[] = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];
const downPolicies: readonly V2HPAScalingPolicy[] = [{ type: 'Percent', value: 100, periodSeconds: 15 }];

/** `undefined` for the window: the controller's own default holds. */
function withDefaults(
  rules: Draft<V2HPAScalingRules> | undefined,
  policies: readonly V2HPAScalingPolicy[],
  window: number | undefined,
): Draft<V2HPAScalingRules> {
  const complete: Draft<V2HPAScalingRules> = {
    ...rules,
    selectPolicy: rules?.selectPolicy ?? 'Max',
    policies: rules?.policies ?? policies.map((policy) => ({ ...policy })),
  };
  const seconds = rules?.stabilizationWindowSeconds ?? window;
  if (seconds !== undefined) complete.stabilizationWindowSeconds = seconds;
  return complete;
}

/** Defaults of autoscaling/v2. */
export function defaultAutoscalerSpec(spec: Draft<V2HorizontalPodAutoscalerSpec>): void {
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    spec.metrics = [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: defaultCpuUtilization } } },
    ];
  }
  if (spec.behavior === undefined) return;
  spec.behavior.scaleUp = withDefaults(spec.behavior.scaleUp, upPolicies, 0);
  spec.behavior.scaleDown = withDefaults(spec.behavior.scaleDown, downPolicies, undefined);
}
