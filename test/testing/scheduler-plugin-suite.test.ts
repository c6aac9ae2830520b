import { describe, expect, it } from 'vitest';
import type { PodManifest } from '../../src/api/generated/models.ts';
import { defaultPlugins } from '../../src/scheduler/default-plugins.ts';
import { coscheduling } from '../../src/scheduler/plugins/coscheduling.ts';
import type { AnyPlugin } from '../../src/scheduler/plugin.ts';
import { schedulerPluginSuite } from '../../src/testing/scheduler-plugin-suite.ts';
import { brokenPlugins, sharedState } from './broken-plugins.ts';

const failures = (plugin: () => AnyPlugin): readonly string[] =>
  schedulerPluginSuite.flatMap(({ name, run }) => {
    try {
      run({ plugin });
      return [];
    } catch {
      return [name];
    }
  });

describe('the scheduler plugin suite on the plugins of the package', () => {
  const container = { name: 'c', image: 'image:1' };
  const preferred: PodManifest = {
    spec: {
      containers: [container],
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 5, preference: { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'Exists' }] } },
          ],
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 9, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'a' } } } },
          ],
        },
      },
    },
  };
  const gang: PodManifest = {
    metadata: { labels: { 'pod-group.scheduling.sigs.k8s.io/name': 'g', 'pod-group.scheduling.sigs.k8s.io/min-available': '2' } },
    spec: { containers: [container] },
  };
  const named = (): readonly (readonly [string, () => AnyPlugin])[] => [
    ...defaultPlugins().map(
      ({ plugin: { name } }) => [name, () => defaultPlugins().find(({ plugin }) => plugin.name === name)!.plugin] as const,
    ),
    ['Coscheduling', () => coscheduling()],
  ];
  describe.each(named())('%s', (_name, plugin) => {
    it.each(schedulerPluginSuite)('$name', ({ run }) => {
      expect(() => run({ plugin, pods: [preferred, gang] })).not.toThrow();
    });
  });
});

describe('the scheduler plugin suite on plugins with a planted bug', () => {
  const caught = new Map(
    Object.entries({ ...brokenPlugins, 'keeps its state in the module': sharedState }).map(([bug, make]) => [bug, failures(make)]),
  );

  it.each([...caught])('fails: %s', (_bug, failed) => {
    expect(failed).not.toEqual([]);
  });

  it('has no case that nothing fails', () => {
    const failed = new Set([...caught.values()].flat());
    expect(schedulerPluginSuite.map(({ name }) => name).filter((name) => !failed.has(name))).toEqual([]);
  });
});
