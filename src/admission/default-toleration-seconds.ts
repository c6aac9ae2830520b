import type { AdmissionStep } from '../api/admission.ts';
import type { PodSpec } from '../api/generated/models.ts';
import { podSpecStep } from './pod-spec-step.ts';

const seconds = 300;
const keys = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

function tolerating(spec: PodSpec): PodSpec {
  const given = spec.tolerations ?? [];
  const missing = keys.filter(
    (key) =>
      !given.some(
        (each) =>
          (each.key === key || each.key === undefined || each.key === '') &&
          (each.effect === 'NoExecute' || each.effect === undefined || each.effect === ''),
      ),
  );
  if (missing.length === 0) return spec;
  return {
    ...spec,
    tolerations: [...given, ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: seconds }))],
  };
}

/**
 * Pods stay on a node that is not ready or unreachable for five minutes, unless they say otherwise.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions
 */
export const defaultTolerationSeconds = (): AdmissionStep => podSpecStep('DefaultTolerationSeconds', tolerating, tolerating);
