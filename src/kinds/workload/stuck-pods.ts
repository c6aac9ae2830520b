import { podFailure, type PassingTrouble } from '../pod/pod-wait.ts';
import type { Pod } from '../pod.ts';

/** Why one of these Pods cannot become ready as things stand: `pod web-x: ...`; undefined if all still can. Ended ones are not looked at. */
export function stuckPod(pods: readonly Pod[], passing: readonly PassingTrouble[] = []): string | undefined {
  for (const pod of pods) {
    if (!pod.exists || pod.phase === 'Succeeded' || pod.phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined) continue;
    const why = podFailure(pod.object, 'Ready', passing);
    if (why !== undefined) return `pod ${pod.name}: ${why}`;
  }
  return undefined;
}
