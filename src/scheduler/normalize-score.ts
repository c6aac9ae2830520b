/**
 * Brings scores to 0..100 by the largest of them, whole numbers rounded down; `reverse` makes the largest the worst. If all are 0
 * they stay (reversed: all become 100).
 */
export function normalizeByMax(scores: Float64Array, count: number, reverse: boolean): void {
  let max = 0;
  for (let i = 0; i < count; i++) if (scores[i]! > max) max = scores[i]!;
  if (max === 0) {
    if (reverse) scores.fill(100, 0, count);
    return;
  }
  for (let i = 0; i < count; i++) {
    const score = Math.floor((100 * scores[i]!) / max);
    scores[i] = reverse ? 100 - score : score;
  }
}
