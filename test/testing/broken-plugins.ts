import type { AnyPlugin, Refusal } from '../../src/scheduler/plugin.ts';

const refusal: Refusal = { plugin: 'Broken', reasons: ['node(s) are not green'], resolvable: true };
const name = 'Broken';

/** Bug -> a plugin that has it. */
export const brokenPlugins: Readonly<Record<string, () => AnyPlugin>> = {
  'has no extension point': () => ({ name }),
  'normalises what it does not score': () => ({ name, normalizeScore: () => undefined }),
  'does not say why': () => ({ name, filter: () => ({ plugin: name, reasons: [], resolvable: false }) }),
  'refuses in the name of another': () => ({ name, filter: () => ({ ...refusal, plugin: 'NodeName' }) }),
  'counts its own calls': () => {
    let calls = 0;
    return { name, filter: () => (calls++ % 7 === 0 ? refusal : undefined) };
  },
  'writes into the pod': () => ({
    name,
    filter: (pod) => {
      (pod.object.metadata as { labels: object }).labels = {};
      return undefined;
    },
  }),
  'scores above 100': () => ({ name, score: (_pod, node) => node.allocatable('memory') }),
  'scores in fractions': () => ({ name, score: (_pod, { pods }) => 1 / (1 + pods.size) }),
  'keeps with filterAll what filter refuses': () => ({
    name,
    filter: (_pod, { index }) => (index % 2 === 0 ? refusal : undefined),
    filterAll: (_pod, _indexes, count) => count,
  }),
  'refuses nobody in few words': () => ({
    name,
    preFilter: () => ({ sparse: { classes: [], refusal: () => undefined } }),
    filter: (_pod, { pods }) => (pods.size > 1 ? refusal : undefined),
  }),
  'gives another score with scoreAll': () => ({
    name,
    score: (_pod, { index }) => index,
    scoreAll: (_pod, { count }, scores) => void scores.fill(1, 0, count),
  }),
  'reads the pods of a node and says it reads the Node object': () => ({
    name,
    filterReads: 'node-object',
    filter: (_pod, { pods }) => (pods.size > 2 ? refusal : undefined),
  }),
  'reads the labels of the pod and says it reads its shape': () => ({
    name,
    filterReads: 'node',
    filter: (pod) => (pod.labels['app'] === 'a' ? refusal : undefined),
  }),
  'reads another node and says it reads the one': () => {
    let size = 0;
    return {
      name,
      filterReads: 'node',
      filter: (_pod, node) => {
        if (node.index === 1) size = node.pods.size;
        return size > 3 && node.index === 0 ? refusal : undefined;
      },
      preFilter: (_pod, cache) => {
        size = cache.nodeAt(1)?.pods.size ?? 0;
        return {};
      },
    };
  },
  'sleeps through a pod that goes': () => ({
    name,
    filter: (_pod, { pods }) => (pods.size > 1 ? refusal : undefined),
    isSchedulableAfter: ({ type }) => type === 'node-added',
  }),
  'keeps what it reserved': () => {
    const taken = new Set<string>();
    return {
      name,
      filter: (_pod, node) => (taken.has(node.name) ? refusal : undefined),
      reserve: (_pod, node) => {
        taken.add(node.name);
        return undefined;
      },
    };
  },
};

const shared = new Set<string>(['none']);

/** State of the module instead of the instance. */
export const sharedState = (): AnyPlugin => ({
  name,
  filter: (_pod, node) => (shared.has(node.name) ? refusal : undefined),
  reserve: (_pod, node) => {
    shared.add(node.name);
    return undefined;
  },
  unreserve: (_pod, node) => void shared.delete(node.name),
});
