import { addNodes, addPods, addNamespaces, inNamespaces, type PodTemplate } from './pods.ts';
import type { PerfCluster } from './perf-cluster.ts';

/** One of Kubernetes' scheduler_perf, at one size. */
export interface Workload {
  readonly name: string;
  readonly nodes: number;
  /** What Kubernetes demands of itself at 5,000 nodes, pods/s; undefined: nothing. */
  readonly gate?: number;
  readonly measured: number;
  readonly prepare: (cluster: PerfCluster) => void;
  /** Puts the pods that are measured. */
  readonly measure: (cluster: PerfCluster) => void;
  /** Called before each pass; for what goes on besides. */
  readonly meanwhile?: (cluster: PerfCluster, pass: number) => void;
  /** What happens while the measured pods wait, step by step. */
  readonly steps?: (cluster: PerfCluster) => Iterable<Until>;
  /** The same without what is in the way: run in turns with it, for the difference. */
  readonly without?: { readonly name: string; readonly prepare: (cluster: PerfCluster) => void };
}

/** What is waited for before the next step: that so many of the measured pods are bound, that nothing is due, or some passes. */
export type Until = { readonly bound: number } | { readonly passes: number } | 'nothing is due';

export type Sized = (nodes: number) => Workload;

/** The size Kubernetes' gates are for. */
export const full = (nodes: number): boolean => nodes >= 5_000;

/** Two namespaces, one template: some pods first, then the measured ones. */
export function twoNamespaces(
  name: string,
  gate: number,
  pod: PodTemplate,
  sizes: (nodes: number) => readonly [initial: number, measured: number],
  zones: readonly string[] = [],
): Sized {
  return (nodes) => {
    const [initial, measured] = sizes(nodes);
    return {
      name,
      nodes,
      gate,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes, zones);
        addNamespaces(cluster, 'sched-0', 'sched-1');
        addPods(cluster, initial, pod, 'sched-0');
      },
      measure: (cluster) => void addPods(cluster, measured, pod, 'sched-1'),
    };
  };
}

/** Many namespaces that a selector means. */
export function manyNamespaces(
  name: string,
  gate: number,
  pod: PodTemplate,
  perNamespace: number,
  measuredAtFull: number,
  zones: readonly string[] = [],
): Sized {
  return (nodes) => {
    const measured = full(nodes) ? measuredAtFull : 100;
    return {
      name,
      // More nodes than pods that want one for themselves, as in Kubernetes.
      nodes,
      gate,
      measured,
      prepare: (cluster) => {
        addNodes(cluster, full(nodes) && name.includes('RequiredPodAntiAffinity') ? nodes + 1_000 : nodes, zones);
        const namespaces = inNamespaces('init-ns', full(nodes) ? 100 : 10);
        addNamespaces(cluster, ...namespaces, 'measure-ns-0');
        for (const namespace of namespaces) addPods(cluster, full(nodes) ? perNamespace : 4, pod, namespace);
      },
      measure: (cluster) => void addPods(cluster, measured, pod, 'measure-ns-0'),
    };
  };
}

export function simple(
  name: string,
  gate: number | undefined,
  sizes: (nodes: number) => readonly [initial: number, measured: number],
  measuredPod: PodTemplate,
  options: { zones?: readonly string[]; initialPod?: PodTemplate; besides?: Partial<Workload> } = {},
): Sized {
  return (nodes) => {
    const [initial, measured] = sizes(nodes);
    return {
      name,
      nodes,
      ...(gate === undefined ? {} : { gate }),
      measured,
      prepare: (cluster) => {
        addNodes(cluster, nodes, options.zones);
        addPods(cluster, initial, options.initialPod ?? measuredPod);
      },
      measure: (cluster) => void addPods(cluster, measured, measuredPod),
      ...options.besides,
    };
  };
}
