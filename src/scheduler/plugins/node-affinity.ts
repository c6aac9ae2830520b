import type { NodeAffinity as NodeAffinityFields, NodeSelectorTerm } from '../../api/generated/models.ts';
import { validateNodeAffinity } from '../../kinds/pod/affinity.ts';
import type { NodeInfo } from '../node-info.ts';
import { namesOfTerm, nodeSelectorTermTest, nodeSelectorTest } from '../../kinds/node-selector-match.ts';
import { normalizeByMax } from '../normalize-score.ts';
import { checkArgs } from '../plugin-args.ts';
import type { Refusal, SchedulerPlugin } from '../plugin.ts';
import type { PodShape } from '../pod-shape.ts';

const name = 'NodeAffinity';
const refusal: Refusal = Object.freeze({ plugin: name, reasons: ["node(s) didn't match Pod's node affinity/selector"], resolvable: false });
const refusalByAdded: Refusal = Object.freeze({
  plugin: name,
  reasons: ["node(s) didn't match scheduler-enforced node affinity"],
  resolvable: false,
});

export interface NodeAffinityArgs {
  /** Holds for every pod of the profile, besides its own. */
  readonly addedAffinity?: NodeAffinityFields;
}

type Test = (node: NodeInfo) => boolean;
type WeightedTest = { readonly test: Test; readonly weight: number };

interface AffinityState {
  readonly added: Test | undefined;
  readonly own: Test | undefined;
}

/**
 * `spec.nodeSelector` and `spec.affinity.nodeAffinity`, and what the profile adds.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
 */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): SchedulerPlugin<AffinityState, readonly WeightedTest[]> {
  if (addedAffinity !== undefined) checkArgs(name, (errors) => validateNodeAffinity(addedAffinity, 'addedAffinity', errors));
  const added = requiredTest(addedAffinity);
  const addedPreferences = preferences(addedAffinity);
  const stateOf = (shape: PodShape): AffinityState => ({ added, own: podAffinityTest(shape) });
  return {
    name,
    filterReads: 'node-object',
    scoreReads: 'node-object',
    preFilter: ({ shape }) => {
      const state = stateOf(shape);
      if (state.added === undefined && state.own === undefined) return { skip: true };
      const names = namesOf(shape);
      if (names?.size === 0) return { refusal: { plugin: name, reasons: ['pod affinity terms conflict'], resolvable: false } };
      return names === undefined ? { state } : { state, nodes: names };
    },
    filter: (_pod, node, { added: addedTest, own }) => {
      if (addedTest !== undefined && !addedTest(node)) return refusalByAdded;
      return own !== undefined && !own(node) ? refusal : undefined;
    },
    preScore: ({ shape }) => {
      const state = [...addedPreferences, ...preferences(shape.nodeAffinity)];
      return state.length === 0 ? { skip: true } : { state };
    },
    score: (_pod, node, tests) => {
      let score = 0;
      for (const { test, weight } of tests) if (test(node)) score += weight;
      return score;
    },
    normalizeScore: (scores, { count }) => normalizeByMax(scores, count, false),
    isSchedulableAfter: (event, { shape }) => {
      if (event.type !== 'node-added' && event.type !== 'node-updated') return false;
      const state = stateOf(shape);
      return state.added?.(event.node) !== false && state.own?.(event.node) !== false;
    },
  };
}

/** The test of `nodeSelector` and required node affinity together; undefined if the pod has neither. */
export function podAffinityTest(shape: Pick<PodShape, 'nodeSelector' | 'nodeAffinity'>): Test | undefined {
  const selector = Object.entries(shape.nodeSelector ?? {});
  const required = requiredTest(shape.nodeAffinity);
  if (selector.length === 0) return required;
  return (node) => selector.every(([key, value]) => node.labels[key] === value) && required?.(node) !== false;
}

function requiredTest(affinity: NodeAffinityFields | undefined): Test | undefined {
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined ? undefined : nodeSelectorTest(required);
}

/** A preference without requirements matches nothing, unlike in a selector that says "everything". */
function preferences(affinity: NodeAffinityFields | undefined): readonly WeightedTest[] {
  const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred
    .filter(({ weight }) => weight !== 0)
    .map(({ preference, weight }) => ({ test: nodeSelectorTermTest(preference), weight }));
}

/** If every term names nodes, the nodes they name together. */
function namesOf({ nodeAffinity: affinity }: PodShape): ReadonlySet<string> | undefined {
  const terms: readonly NodeSelectorTerm[] = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const names = new Set<string>();
  for (const term of terms) {
    const ofTerm = namesOfTerm(term);
    if (ofTerm === undefined) return undefined;
    for (const one of ofTerm) names.add(one);
  }
  return terms.length === 0 ? undefined : names;
}
