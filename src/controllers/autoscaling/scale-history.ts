import type { Instant } from '../../env/clock.ts';

/** What an autoscaler wanted and did in the last while: kept in a side table, for it is of use to this process only. */
export interface ScaleHistory {
  readonly uid: string;
  readonly recommendations: readonly { readonly atMs: Instant; readonly replicas: number }[];
  readonly ups: readonly ScaleStep[];
  readonly downs: readonly ScaleStep[];
}

export interface ScaleStep {
  readonly atMs: Instant;
  readonly change: number;
}

/** By the key of the autoscaler. */
export const historyTable = 'autoscaler-history';

/** Longest window that a behavior may look back on. */
const keptMs = 3_600_000;

export const emptyHistory = (uid: string, atMs: Instant, replicas: number): ScaleHistory => ({
  uid,
  recommendations: [{ atMs, replicas }],
  ups: [],
  downs: [],
});

export const withRecommendation = (history: ScaleHistory, atMs: Instant, replicas: number): ScaleHistory => ({
  ...history,
  recommendations: [...history.recommendations.filter((each) => each.atMs > atMs - keptMs), { atMs, replicas }],
});

export function withStep(history: ScaleHistory, atMs: Instant, change: number): ScaleHistory {
  const recent = (steps: readonly ScaleStep[]): readonly ScaleStep[] => steps.filter((each) => each.atMs > atMs - keptMs);
  if (change > 0) return { ...history, ups: [...recent(history.ups), { atMs, change }] };
  return change < 0 ? { ...history, downs: [...recent(history.downs), { atMs, change: -change }] } : history;
}

/** By how much the number changed in a period before now. */
export const changeIn = (steps: readonly ScaleStep[], periodMs: number, now: Instant): number =>
  steps.reduce((sum, each) => (each.atMs > now - periodMs ? sum + each.change : sum), 0);
