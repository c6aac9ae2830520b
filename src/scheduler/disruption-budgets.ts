import type { PodDisruptionBudgetManifest } from '../api/generated/models.ts';
import type { LabelMatcher } from '../api/label-matcher.ts';
import { matcherOf } from './affinity-term.ts';
import type { FollowedObjects } from './followed-objects.ts';
import type { PodInfo } from './pod-info.ts';

interface Budget {
  readonly namespace: string;
  readonly selector: LabelMatcher;
  readonly allowed: number;
  /** Names of pods whose disruption is counted already. */
  readonly disrupted: ReadonlySet<string>;
}

/** What the PodDisruptionBudgets of a cluster still allow, as their status says. */
export class DisruptionBudgets {
  readonly #budgets: readonly Budget[];

  constructor(objects: FollowedObjects) {
    this.#budgets = [...objects.all('PodDisruptionBudget')].map((object) => {
      const { spec, status } = object as PodDisruptionBudgetManifest;
      return {
        namespace: object.metadata.namespace ?? '',
        selector: matcherOf(spec?.selector),
        allowed: status?.disruptionsAllowed ?? 0,
        disrupted: new Set(Object.keys(status?.disruptedPods ?? {})),
      };
    });
  }

  /** Those of the pods, in their order, whose eviction would exceed a budget if all before them were evicted. */
  violatedBy(pods: readonly PodInfo[]): ReadonlySet<PodInfo> {
    const violating = new Set<PodInfo>();
    if (this.#budgets.length === 0) return violating;
    const left = this.#budgets.map(({ allowed }) => allowed);
    for (const pod of pods) {
      // Whatever a selector says of labels that are not there: a pod without any is in no budget.
      if (Object.keys(pod.labels ?? {}).length === 0) continue;
      for (const [i, { namespace, selector, disrupted }] of this.#budgets.entries()) {
        if (namespace !== pod.namespace || selector.matchesEverything || !selector.matches(pod.labels) || disrupted.has(pod.name)) continue;
        left[i]!--;
        if (left[i]! < 0) violating.add(pod);
      }
    }
    return violating;
  }
}
