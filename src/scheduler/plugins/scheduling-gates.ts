import type { SchedulerPlugin } from '../plugin.ts';

/**
 * Holds a pod back as long as it has `spec.schedulingGates`.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-scheduling-readiness/
 */
export function schedulingGates(): SchedulerPlugin {
  return {
    name: 'SchedulingGates',
    preEnqueue: ({ object }) => {
      const gates = object.spec?.schedulingGates ?? [];
      return gates.length === 0 ? undefined : `waiting for scheduling gates: [${gates.map(({ name }) => name).join(' ')}]`;
    },
  };
}
