import type { Refusal, SchedulerPlugin } from '../plugin.ts';

const name = 'NodePorts';
const refusal: Refusal = Object.freeze({
  plugin: name,
  reasons: ["node(s) didn't have free ports for the requested pod ports"],
  resolvable: true,
});

/** Refuses nodes on which a host port the pod asks for is taken. */
export function nodePorts(): SchedulerPlugin {
  return {
    name,
    filterReads: 'node',
    preFilter: ({ shape }) => (shape.hostPorts.length === 0 ? { skip: true } : {}),
    filter: ({ shape }, node) => (shape.hostPorts.some((port) => node.ports.conflicts(port)) ? refusal : undefined),
    isSchedulableAfter: (event, { shape }) => {
      if (event.type === 'node-added') return true;
      if (event.type !== 'pod-removed') return false;
      return event.pod.shape.hostPorts.some((freed) =>
        shape.hostPorts.some(({ protocol, port }) => freed.protocol === protocol && freed.port === port),
      );
    },
  };
}
