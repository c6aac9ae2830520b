import { LabelMatcher } from '../api/label-matcher.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { podKind } from '../kinds/pod.ts';
import { replicationControllerKind } from '../kinds/replication-controller.ts';
import type { Controller, Plan } from './controller.ts';
import { orphanOwners } from './orphan-owners.ts';
import { syncReplicas } from './replica-sync.ts';

const name = 'replication-manager';

/**
 * Keeps as many Pods as a ReplicationController asks for.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicationcontroller/
 */
export const replicationManager: Controller = {
  name,
  component: 'replication-controller',
  triggers: [
    { kind: replicationControllerKind, keys: ({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`] },
    {
      kind: podKind,
      keys: (change, view) => orphanOwners(change, view, replicationControllerKind, (rc) => LabelMatcher.ofMap(rc.spec?.selector)),
    },
  ],
  reconcile(view, key, now): Plan {
    const [namespace, rcName] = key.split('/') as [string, string];
    const rc = view.get(replicationControllerKind, namespace, rcName);
    if (rc?.spec?.template === undefined) return { writes: [] };
    return syncReplicas(
      view,
      {
        controller: name,
        kind: replicationControllerKind as KindDescriptor,
        owner: rc,
        replicas: rc.spec.replicas ?? 1,
        minReadySeconds: rc.spec.minReadySeconds ?? 0,
        matcher: LabelMatcher.ofMap(rc.spec.selector),
        template: rc.spec.template,
      },
      now,
    );
  },
};
