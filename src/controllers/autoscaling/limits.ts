import type { V2HPAScalingRules, V2HorizontalPodAutoscalerSpec } from '../../api/generated/models.ts';
import type { Instant } from '../../env/clock.ts';
import { changeIn, type ScaleHistory } from './scale-history.ts';

const stabilizationMs = 300_000;

/** A number of replicas, and the conditions that say how it came about. */
export interface Limited {
  readonly replicas: number;
  readonly able: { readonly reason: string; readonly message: string };
  readonly limited: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };
}

const readyForNew = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const heldDown = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const heldUp = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const within = { status: 'False', reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' } as const;
const because = (reason: string, message: string): Limited['limited'] => ({ status: 'True', reason, message });
const tooMany = because('TooManyReplicas', 'the desired replica count is more than the maximum replica count');
const tooFew = because('TooFewReplicas', 'the desired replica count is less than the minimum replica count');
const tooFast = because('ScaleUpLimit', 'the desired replica count is increasing faster than the maximum scale rate');
const tooFastDown = because('ScaleDownLimit', 'the desired replica count is decreasing faster than the maximum scale rate');

/**
 * What of a wish may be done now: windows first, then rates and bounds. `history` ends with this very wish.
 * Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#configurable-scaling-behavior
 */
export function limit(spec: V2HorizontalPodAutoscalerSpec, history: ScaleHistory, current: number, wanted: number, now: Instant): Limited {
  const stable = stabilized(spec, history, current, wanted, now);
  const able = stable === wanted ? readyForNew : wanted >= current && spec.behavior !== undefined ? heldUp : heldDown;
  return { able, ...(spec.behavior === undefined ? plainLimits(spec, current, stable) : rateLimits(spec, history, current, stable, now)) };
}

function stabilized(spec: V2HorizontalPodAutoscalerSpec, history: ScaleHistory, current: number, wanted: number, now: Instant): number {
  const { behavior } = spec;
  const since = (windowMs: number): readonly number[] =>
    history.recommendations.filter((each) => each.atMs > now - windowMs).map((each) => each.replicas);
  if (behavior === undefined) return Math.max(wanted, ...since(stabilizationMs));
  const windowMs = (rules: V2HPAScalingRules | undefined, otherwise: number): number =>
    rules?.stabilizationWindowSeconds === undefined ? otherwise : rules.stabilizationWindowSeconds * 1000;
  const up = Math.min(wanted, ...since(windowMs(behavior.scaleUp, 0)));
  const down = Math.max(wanted, ...since(windowMs(behavior.scaleDown, stabilizationMs)));
  return Math.min(Math.max(current, up), down);
}

function plainLimits(
  { minReplicas = 1, maxReplicas }: V2HorizontalPodAutoscalerSpec,
  current: number,
  wanted: number,
): Omit<Limited, 'able'> {
  const fastest = Math.max(2 * current, 4);
  const most = Math.min(maxReplicas, fastest);
  if (wanted < minReplicas) return { replicas: minReplicas, limited: tooFew };
  if (wanted > most) return { replicas: most, limited: maxReplicas > fastest ? tooFast : tooMany };
  return { replicas: wanted, limited: within };
}

function rateLimits(
  { minReplicas = 1, maxReplicas, behavior }: V2HorizontalPodAutoscalerSpec,
  history: ScaleHistory,
  current: number,
  wanted: number,
  now: Instant,
): Omit<Limited, 'able'> {
  if (wanted > current) {
    const fastest = Math.max(current, upLimit(behavior?.scaleUp, history, current, now));
    if (wanted <= Math.min(maxReplicas, fastest)) return { replicas: wanted, limited: within };
    return fastest < maxReplicas ? { replicas: fastest, limited: tooFast } : { replicas: maxReplicas, limited: tooMany };
  }
  if (wanted < current) {
    const fastest = Math.min(current, downLimit(behavior?.scaleDown, history, current, now));
    if (wanted >= Math.max(minReplicas, fastest)) return { replicas: wanted, limited: within };
    return fastest > minReplicas ? { replicas: fastest, limited: tooFastDown } : { replicas: minReplicas, limited: tooFew };
  }
  return { replicas: wanted, limited: within };
}

function upLimit(rules: V2HPAScalingRules | undefined, { ups, downs }: ScaleHistory, current: number, now: Instant): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = current - changeIn(ups, periodSeconds * 1000, now) + changeIn(downs, periodSeconds * 1000, now);
    return type === 'Pods' ? before + value : Math.ceil(before * (1 + value / 100));
  });
  return rules?.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

function downLimit(rules: V2HPAScalingRules | undefined, { ups, downs }: ScaleHistory, current: number, now: Instant): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = (rules?.policies ?? []).map(({ type, value, periodSeconds }) => {
    const before = current + changeIn(downs, periodSeconds * 1000, now) - changeIn(ups, periodSeconds * 1000, now);
    return type === 'Pods' ? before - value : Math.floor(before * (1 - value / 100));
  });
  return rules?.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
}
