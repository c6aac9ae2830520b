import { describe, expect, test } from 'vitest';
import { ConfigurationError } from '../../src/errors.ts';
import { defaultPlugins, type DefaultPluginArgs } from '../../src/scheduler/default-plugins.ts';
import { DefaultScheduler } from '../../src/scheduler/default-scheduler.ts';
import type { AnyPlugin } from '../../src/scheduler/plugin.ts';

const withPlugin = (plugin: AnyPlugin, weight = 1) =>
  new DefaultScheduler({ profiles: [{ plugins: [...defaultPlugins(), { plugin, weight }] }] });
const even = { topologyKey: 'k', maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway' };
const spreading = (args: DefaultPluginArgs['PodTopologySpread'] & object) => defaultPlugins({ PodTopologySpread: args });

describe('what cannot be', () => {
  const twice: AnyPlugin = { name: 'NodeName', filter: () => undefined };
  test.each<[string, () => unknown, string]>([
    ['two plugins of one name', () => withPlugin(twice), 'two plugins have the same name'],
    ['a weight of 0', () => withPlugin({ name: 'Mine', score: () => 0 }, 0), 'weight: expected a whole number from 1, got 0'],
    ['no QueueSort', () => new DefaultScheduler({ profiles: [{ plugins: [] }] }), 'expected one plugin with QueueSort'],
    ['no profile', () => new DefaultScheduler({ profiles: [] }), 'expected at least one profile'],
    [
      'two profiles of one name',
      () => new DefaultScheduler({ profiles: [{ plugins: defaultPlugins() }, { plugins: defaultPlugins() }] }),
      'two profiles are called default-scheduler',
    ],
    [
      'a shape without points',
      () => defaultPlugins({ NodeResourcesFit: { scoringStrategy: { type: 'RequestedToCapacityRatio', shape: [] } } }),
      'expected at least one point',
    ],
    [
      'a shape that goes back',
      () =>
        defaultPlugins({
          NodeResourcesFit: {
            scoringStrategy: {
              type: 'RequestedToCapacityRatio',
              shape: [
                { utilization: 5, score: 1 },
                { utilization: 5, score: 2 },
              ],
            },
          },
        }),
      'expected more than 5, got 5',
    ],
    [
      'a default constraint with a selector',
      () =>
        defaultPlugins({
          PodTopologySpread: {
            defaultConstraints: [{ topologyKey: 'k', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }],
          },
        }),
      'labelSelector: Forbidden',
    ],
    [
      'too much hardPodAffinityWeight',
      () => defaultPlugins({ InterPodAffinity: { hardPodAffinityWeight: 101 } }),
      'expected 0 to 100, got 101',
    ],
    [
      'a percentage above 100',
      () => defaultPlugins({ DefaultPreemption: { minCandidateNodesPercentage: 101 } }),
      'expected 0 to 100, got 101',
    ],
    [
      'a default constraint that says neither of the two',
      () => spreading({ defaultConstraints: [{ topologyKey: 'k', maxSkew: 1, whenUnsatisfiable: 'Sometimes' }] }),
      'defaultConstraints[0].whenUnsatisfiable: Unsupported value: "Sometimes"',
    ],
    [
      'a default constraint that stands twice',
      () => spreading({ defaultConstraints: [even, even] }),
      'defaultConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value',
    ],
    [
      "default constraints besides Kubernetes' own",
      () => spreading({ defaultingType: 'System', defaultConstraints: [even] }),
      'defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
    ],
    ['another way to default', () => spreading({ defaultingType: 'None' as 'List' }), 'defaultingType: Unsupported value: "None"'],
    [
      'a strategy that there is not',
      () => defaultPlugins({ NodeResourcesFit: { scoringStrategy: { type: 'Best' as 'LeastAllocated' } } }),
      'scoringStrategy.type: expected LeastAllocated, MostAllocated, RequestedToCapacityRatio, got {"type":"Best"}',
    ],
    [
      'an added affinity that cannot be read',
      () => {
        const nodeSelectorTerms = [{ matchExpressions: [{ key: 'a', operator: 'Equals', values: ['b'] }] }];
        return defaultPlugins({
          NodeAffinity: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
        });
      },
      'nodeSelectorTerms[0].matchExpressions[0].operator: Invalid value: "Equals"',
    ],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(ConfigurationError);
    expect(make).toThrow(message);
  });
});
