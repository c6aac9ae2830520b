import type { Refusal, SchedulerPlugin } from '../plugin.ts';

const name = 'NodeName';
const refusal: Refusal = Object.freeze({ plugin: name, reasons: ["node(s) didn't match the requested node name"], resolvable: false });

/** A pod that names its node goes there and nowhere else. Pods in the queue name none; asked for by those who explain bound pods. */
export function nodeName(): SchedulerPlugin {
  return {
    name,
    preFilter: ({ object }) => ((object.spec?.nodeName ?? '') === '' ? { skip: true } : {}),
    filter: ({ object }, node) => (object.spec?.nodeName === node.name ? undefined : refusal),
    isSchedulableAfter: (event) => event.type === 'node-added',
  };
}
