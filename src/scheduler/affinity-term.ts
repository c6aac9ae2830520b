import type { LabelSelector, PodAffinityTerm } from '../api/generated/models.ts';
import { LabelMatcher } from '../api/label-matcher.ts';

export type Labels = Readonly<Record<string, string>>;

/** A pod that may be meant by a term: where it is and how it is labelled. */
export interface Candidate {
  readonly namespace: string;
  readonly labels: Labels;
}

/**
 * A compiled pod (anti-)affinity term. `text` is equal for terms that mean the same pods.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
 */
export class AffinityTerm {
  readonly topologyKey: string;
  readonly text: string;
  /** True if which namespaces are meant depends on their labels. */
  readonly readsNamespaceLabels: boolean;
  readonly #namespaces: ReadonlySet<string>;
  readonly #namespaceMatcher: LabelMatcher;
  readonly #matcher: LabelMatcher;

  /** `owner`: the pod that has the term. */
  constructor(term: PodAffinityTerm, owner: Candidate) {
    this.topologyKey = term.topologyKey;
    const ownOnly = (term.namespaces ?? []).length === 0 && term.namespaceSelector === undefined;
    this.#namespaces = new Set(ownOnly ? [owner.namespace] : term.namespaces);
    this.#namespaceMatcher = matcherOf(term.namespaceSelector);
    this.#matcher = matcherOf(withLabelKeys(term, owner.labels));
    this.readsNamespaceLabels = !this.#namespaceMatcher.matchesNothing && !this.#namespaceMatcher.matchesEverything;
    const namespaceText = this.#namespaceMatcher.matchesNothing ? '-' : `${this.#namespaceMatcher.toString()}`;
    this.text = `${[...this.#namespaces].sort().join()};${namespaceText};${this.#matcher.matchesNothing ? '-' : this.#matcher.toString()}`;
  }

  matches({ namespace, labels }: Candidate, labelsOfNamespace: (name: string) => Labels): boolean {
    if (!this.#matcher.matches(labels)) return false;
    if (this.#namespaces.has(namespace)) return true;
    if (this.#namespaceMatcher.matchesNothing) return false;
    return this.#namespaceMatcher.matchesEverything || this.#namespaceMatcher.matches(labelsOfNamespace(namespace));
  }
}

/**
 * `matchLabelKeys` and `mismatchLabelKeys` stand for requirements with the owner's own values. A key the owner has not is left out, and one
 * for which the selector has such a requirement already: the API put it there with the values from when the owner was made.
 */
function withLabelKeys(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: PodAffinityTerm,
  labels: Labels,
): PodAffinityTerm['labelSelector'] {
  const stated = labelSelector?.matchExpressions ?? [];
  const requirement = (operator: string) => (key: string) =>
    labels[key] === undefined || stated.some((each) => each.key === key && each.operator === operator)
      ? []
      : [{ key, operator, values: [labels[key]] }];
  const added = [...matchLabelKeys.flatMap(requirement('In')), ...mismatchLabelKeys.flatMap(requirement('NotIn'))];
  if (labelSelector === undefined || added.length === 0) return labelSelector;
  return { ...labelSelector, matchExpressions: [...stated, ...added] };
}

/** A selector that cannot be read (validation lets none through) selects nothing: one bad object stops nobody else. */
export function matcherOf(selector: LabelSelector | undefined): LabelMatcher {
  try {
    return LabelMatcher.of(selector);
  } catch {
    return LabelMatcher.nothing;
  }
}
