import type { SchedulerPlugin } from '../plugin.ts';

/** Highest priority first, then who has been due longest. */
export function prioritySort(): SchedulerPlugin {
  return {
    name: 'PrioritySort',
    compare: (a, b) => b.pod.priority - a.pod.priority || a.sequence - b.sequence,
  };
}
