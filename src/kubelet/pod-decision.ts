import { endingActions } from './ending-actions.ts';
import { endingCause } from './pod-actions.ts';
import type { PodDecision, PodPicture } from './pod-actions.ts';
import { runningActions } from './running-actions.ts';

/**
 * Decides what is to be done for a pod now. Pure: the same picture gives the same actions, and an action that is under way (as
 * the memory says) is not asked for again.
 */
export function decide(picture: PodPicture): PodDecision {
  const cause = endingCause(picture.pod, picture.containers, picture.memory);
  return cause === undefined ? runningActions(picture) : endingActions(picture, cause);
}
