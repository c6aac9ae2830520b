import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PodManifest } from '../../src/api/generated/models.ts';
import { deepFreeze, type KubeObject, type Stored } from '../../src/api/object.ts';
import { View } from '../../src/api/view.ts';
import { replicationManager } from '../../src/controllers/replication-manager.ts';
import { podKind } from '../../src/kinds/pod.ts';
import { replicationControllerKind } from '../../src/kinds/replication-controller.ts';
import type { StoreChange } from '../../src/stores/store.ts';

type StoredPod = Stored<PodManifest>;

/** The labels of all Pods of the template, as one object; copies of them; and others. */
const labels = [{ app: 'web', tier: 'front' }, { app: 'web', tier: 'front' }, { app: 'web' }, { app: 'db' }].map((each) =>
  deepFreeze(each),
);

interface Step {
  readonly pod: number;
  readonly labels: number;
  readonly owner: 'ours' | 'theirs' | 'nobody';
  readonly phase: 'Pending' | 'Running' | 'Failed';
  readonly ready: boolean;
  readonly leaving: boolean;
  readonly gone: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  pod: fc.nat(7),
  labels: fc.nat(labels.length - 1),
  // Mostly as after a quiet day, so that the short way is taken too.
  owner: fc.oneof({ weight: 6, arbitrary: fc.constant('ours' as const) }, fc.constantFrom('theirs' as const, 'nobody' as const)),
  phase: fc.constantFrom('Pending' as const, 'Running' as const, 'Failed' as const),
  ready: fc.boolean(),
  leaving: fc.boolean(),
  gone: fc.boolean(),
});

const controller = (owner: Step['owner']): object =>
  owner === 'nobody'
    ? {}
    : { ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: owner, uid: owner, controller: true }] };

function podOf({ pod, labels: which, owner, phase, ready, leaving }: Step): StoredPod {
  return deepFreeze({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `pod-${pod}`,
      namespace: 'default',
      uid: `uid-${pod}`,
      resourceVersion: '1',
      creationTimestamp: '2030-01-01T00:00:00Z',
      labels: labels[which]!,
      ...controller(owner),
      ...(leaving ? { deletionTimestamp: '2030-01-01T00:00:00Z' } : {}),
    },
    spec: { containers: [] },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2030-01-01T00:00:00Z' }] },
  }) as unknown as StoredPod;
}

const rc = deepFreeze({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name: 'ours', namespace: 'default', uid: 'ours', resourceVersion: '1', creationTimestamp: '2030-01-01T00:00:00Z' },
  spec: {
    replicas: 3,
    selector: { app: 'web' },
    template: { metadata: { labels: { app: 'web', tier: 'front' } }, spec: { containers: [] } },
  },
});

/** A view that is told of changes as a store tells of them. */
class ToldView {
  readonly view = new View([podKind, replicationControllerKind]);
  #revision = 0;

  put(key: string, value: object, previous: object | undefined): void {
    this.view.ingest([this.#change('put', key, value, previous)]);
  }

  delete(key: string, value: object): void {
    this.view.ingest([this.#change('delete', key, value, value)]);
  }

  #change(type: StoreChange['type'], key: string, value: object, previous: object | undefined): StoreChange {
    const entry = (content: object) => ({ key, value: content, revision: ++this.#revision, createRevision: 1 });
    return { type, key, previous: previous === undefined ? undefined : entry(previous), entry: entry(value) };
  }
}

function told(pods: ReadonlyMap<string, StoredPod>): ToldView {
  const fresh = new ToldView();
  fresh.put('core/replicationcontrollers/default/ours', rc, undefined);
  for (const [key, pod] of pods) fresh.put(key, pod, undefined);
  return fresh;
}

describe('replicas', () => {
  it('the counts a view keeps lead to the same plan as a look at every Pod', () => {
    let short = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const pods = new Map<string, StoredPod>();
        const kept = told(pods);
        for (const each of steps) {
          replicationManager.reconcile(kept.view, 'default/ours', 0);
          const key = `core/pods/default/pod-${each.pod}`;
          const before = pods.get(key);
          if (each.gone && before !== undefined) {
            kept.delete(key, before);
            pods.delete(key);
          } else {
            // What nobody wrote stays the same object, as it does in the store.
            const next = podOf(each);
            kept.put(key, next, before);
            pods.delete(key);
            pods.set(key, next);
          }
        }
        const plan = replicationManager.reconcile(kept.view, 'default/ours', 0);
        const fresh = replicationManager.reconcile(told(pods).view, 'default/ours', 0);
        const inOrder = (writes: typeof plan.writes) => writes.map((write) => JSON.stringify(write)).sort();
        expect(inOrder(plan.writes)).toEqual(inOrder(fresh.writes));

        const active = [...pods.values()].filter(
          ({ metadata, status }) =>
            metadata.ownerReferences?.[0]?.uid === 'ours' && metadata.deletionTimestamp === undefined && status?.phase !== 'Failed',
        );
        const adopted = [...pods.values()].filter(
          ({ metadata, status }) =>
            metadata.ownerReferences === undefined &&
            metadata.labels?.['app'] === 'web' &&
            metadata.deletionTimestamp === undefined &&
            status?.phase !== 'Failed',
        );
        const claimed = [...active.filter(({ metadata }) => metadata.labels?.['app'] === 'web'), ...adopted];
        const isReady = ({ status }: StoredPod): boolean => status?.conditions?.[0]?.status === 'True';
        const statusWrite = plan.writes.find((write) => write.verb === 'update-status');
        const { status = {} } = (statusWrite?.object ?? {}) as KubeObject & { readonly status?: Record<string, number> };
        expect(status['replicas'] ?? 0).toBe(claimed.length);
        expect(status['readyReplicas'] ?? 0).toBe(claimed.filter(isReady).length);
        expect(status['fullyLabeledReplicas'] ?? 0).toBe(claimed.filter(({ metadata }) => metadata.labels?.['tier'] === 'front').length);
        if (adopted.length === 0 && active.length === claimed.length) short++;
      }),
      { numRuns: 300 },
    );
    expect(short).toBeGreaterThan(20);
  });
});
