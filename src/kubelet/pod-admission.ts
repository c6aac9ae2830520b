import type { NodeManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { StoredPod } from './pod-containers.ts';
import type { Verdict } from './pod-memory.ts';

/** Why a pod may not be on this node whatever room there is: its selector, or a taint that drives it out. */
export function misplaced(
  pod: StoredPod,
  node: Stored<NodeManifest>,
  matchesAffinity: (pod: StoredPod, node: Stored<NodeManifest>) => boolean,
): Verdict | undefined {
  if (!matchesAffinity(pod, node)) {
    return {
      reason: 'NodeAffinity',
      message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
      rejected: true,
    };
  }
  const tolerations = pod.spec?.tolerations ?? [];
  const driven = (node.spec?.taints ?? []).some(
    (taint) =>
      taint.effect === 'NoExecute' &&
      !tolerations.some(
        ({ key, operator = 'Equal', value = '', effect }) =>
          (effect === undefined || effect === '' || effect === taint.effect) &&
          (key === undefined || key === '' || key === taint.key) &&
          (operator === 'Exists' || value === (taint.value ?? '')),
      ),
  );
  return driven
    ? { reason: 'TaintToleration', message: 'Predicate TaintToleration failed: node(s) had untolerated taint', rejected: true }
    : undefined;
}
