import type { Refusal } from './plugin.ts';

/** How many nodes were refused, by refusal. */
export type RefusalCounts = ReadonlyMap<Refusal, number>;

/**
 * Kubernetes' text for a pod that fits nowhere: `0/5 nodes are available: 3 Insufficient cpu, 2 node(s) were unschedulable.`
 * A node that lacks two things counts for both.
 */
export function fitErrorMessage(
  nodeCount: number,
  counts: RefusalCounts,
  forAllNodes: Refusal | undefined,
  postFilter: string | undefined,
): string {
  if (nodeCount === 0) return 'no nodes available to schedule pods';
  const why = forAllNodes === undefined ? reasonsHistogram(counts) : forAllNodes.reasons.join(', ');
  const parts = [`0/${nodeCount} nodes are available:`];
  if (why !== '') parts.push(`${why}.`);
  if (postFilter !== undefined && postFilter !== '') parts.push(postFilter);
  return parts.join(' ');
}

/** `3 Insufficient cpu, 2 Insufficient memory`, sorted as text, as Kubernetes does. */
export function reasonsHistogram(counts: RefusalCounts): string {
  const byReason = new Map<string, number>();
  for (const [refusal, count] of counts) {
    if (count === 0) continue;
    for (const reason of refusal.reasons) byReason.set(reason, (byReason.get(reason) ?? 0) + count);
  }
  return [...byReason]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort(byText)
    .join(', ');
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
