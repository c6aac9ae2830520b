import { LabelMatcher } from '../api/label-matcher.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import type { ReplicaSetManifest } from '../api/generated/models.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { podKind } from '../kinds/pod.ts';
import { replicaSetKind } from '../kinds/replica-set.ts';
import type { Controller, Plan } from './controller.ts';
import { orphanOwners } from './orphan-owners.ts';
import { controllerOf, type Pod } from './pods.ts';
import { syncReplicas } from './replica-sync.ts';

const name = 'replicaset';

/**
 * Keeps as many Pods as a ReplicaSet asks for.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
 */
export const replicaSets: Controller = {
  name,
  component: 'replicaset-controller',
  triggers: [
    { kind: replicaSetKind, keys: ({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`] },
    { kind: podKind, keys: (change, view) => orphanOwners(change, view, replicaSetKind, (set) => LabelMatcher.of(set.spec?.selector)) },
  ],
  reconcile(view, key, now): Plan {
    const [namespace, setName] = key.split('/') as [string, string];
    const set = view.get(replicaSetKind, namespace, setName);
    if (set?.spec?.template === undefined) return { writes: [] };
    return syncReplicas(
      view,
      {
        controller: name,
        kind: replicaSetKind as KindDescriptor,
        owner: set,
        replicas: set.spec.replicas ?? 1,
        minReadySeconds: set.spec.minReadySeconds ?? 0,
        matcher: LabelMatcher.of(set.spec.selector),
        template: set.spec.template,
        related: () => siblings(view, set),
      },
      now,
    );
  },
};

/** The Pods of all ReplicaSets of the same Deployment: where many of them share a node, one is missed least. */
function siblings(view: ViewReader, set: Stored<ReplicaSetManifest>): readonly Pod[] {
  const owner = controllerOf(set);
  const sets = owner === undefined ? [set] : view.controlledBy(replicaSetKind, owner.uid);
  return sets.flatMap((each) => view.controlledBy(podKind, each.metadata.uid));
}
