import type { Refusal, SchedulerPlugin } from '../plugin.ts';
import { toleratesAny } from '../tolerations.ts';

const name = 'NodeUnschedulable';
const refusal: Refusal = Object.freeze({ plugin: name, reasons: ['node(s) were unschedulable'], resolvable: false });
const cordoned = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Refuses nodes with `spec.unschedulable`, unless the pod tolerates the taint that says the same. */
export function nodeUnschedulable(): SchedulerPlugin<boolean> {
  return {
    name,
    filterReads: 'node-object',
    preFilter: ({ shape }) => (toleratesAny(shape.tolerations, cordoned) ? { skip: true } : {}),
    filter: (_pod, node) => (node.unschedulable ? refusal : undefined),
    isSchedulableAfter: (event) => event.type === 'node-added' || event.type === 'node-updated',
  };
}
