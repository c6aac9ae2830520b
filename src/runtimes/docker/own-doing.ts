import type { DockerContainer } from './docker-container.ts';
import { labels } from './docker-labels.ts';
import type { EngineEvent } from './engine-answers.ts';

/**
 * Whether an event only tells what this process is doing itself, and knows without asking. Half a dozen of them come for each pod that
 * starts or ends, and each would have the engine asked for all there is of that pod.
 *
 * @param container The event's container as it is known; undefined if it is not (any more).
 */
export function isOwnDoing({ Action, Actor }: EngineEvent, container: DockerContainer | undefined): boolean {
  const isSandbox = Actor?.Attributes?.[labels.role] === 'sandbox';
  switch (Action) {
    // Nobody else makes containers with our labels.
    case 'create':
      return true;
    // What comes of a signal is told by another event.
    case 'kill':
      return true;
    case 'start':
      return isSandbox || (container !== undefined && (container.starting || container.running));
    case 'destroy':
      return !isSandbox && (container === undefined || container.removing);
    default:
      // Commands that are run inside say nothing about the pod.
      return Action?.startsWith('exec_') === true;
  }
}
