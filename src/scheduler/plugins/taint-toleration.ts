import type { Taint } from '../../api/generated/models.ts';
import { normalizeByMax } from '../normalize-score.ts';
import type { Refusal, SchedulerPlugin } from '../plugin.ts';
import { toleratesAny, untolerated } from '../tolerations.ts';

const name = 'TaintToleration';

/**
 * Refuses nodes with a NoSchedule or NoExecute taint the pod does not tolerate; prefers nodes with fewer PreferNoSchedule
 * taints it does not tolerate.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function taintToleration(): SchedulerPlugin {
  const refusals = new Map<string, Refusal>();
  const refusalFor = ({ key, value = '' }: Taint): Refusal => {
    const text = `{${key}: ${value}}`;
    const known = refusals.get(text);
    if (known !== undefined) return known;
    const refusal: Refusal = { plugin: name, reasons: [`node(s) had untolerated taint ${text}`], resolvable: false };
    if (refusals.size < 1_000) refusals.set(text, refusal);
    return refusal;
  };
  return {
    name,
    filterReads: 'node-object',
    scoreReads: 'node-object',
    filter: ({ shape }, node) => {
      const taint = node.taints.length === 0 ? undefined : untolerated(node.taints, shape.tolerations);
      return taint === undefined ? undefined : refusalFor(taint);
    },
    score: ({ shape }, node) => {
      if (node.taints.length === 0) return 0;
      const relevant = shape.tolerations.filter(({ effect = '' }) => effect === '' || effect === 'PreferNoSchedule');
      return node.taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !toleratesAny(relevant, taint)).length;
    },
    normalizeScore: (scores, { count }) => normalizeByMax(scores, count, true),
    isSchedulableAfter: (event, { shape }) =>
      (event.type === 'node-added' || event.type === 'node-updated') && untolerated(event.node.taints, shape.tolerations) === undefined,
  };
}
