import type { ObjectMeta, PodManifest, ReplicationControllerManifest } from '../api/generated/models.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { childName } from '../api/name-generation.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import { podKind } from '../kinds/pod.ts';
import { replicationControllerKind } from '../kinds/replication-controller.ts';
import type { Controller, Plan, PlannedEvent, PlannedWrite } from './controller.ts';

type Pod = Stored<PodManifest>;
type ReplicationController = Stored<ReplicationControllerManifest>;

const finished = (pod: Pod): boolean => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
const active = (pod: Pod): boolean => !finished(pod) && pod.metadata.deletionTimestamp === undefined;
const ready = (pod: Pod): boolean => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true;

/** Keeps as many Pods as a ReplicationController asks for. */
export const replicationManager: Controller = {
  name: 'replication-manager',
  triggers: [
    { kind: replicationControllerKind, keys: ({ object }) => [`${object.metadata.namespace}/${object.metadata.name}`] },
    {
      kind: podKind,
      keys: function* ({ object, previous }) {
        for (const pod of [object, previous]) {
          const owner = pod?.metadata.ownerReferences?.find((each) => each.controller === true);
          if (owner?.kind === 'ReplicationController') yield `${object.metadata.namespace}/${owner.name}`;
        }
      },
    },
  ],
  reconcile(view: ViewReader, key: string): Plan {
    const [namespace, name] = key.split('/') as [string, string];
    const rc = view.get(replicationControllerKind, namespace, name);
    if (rc === undefined || rc.metadata.deletionTimestamp !== undefined) return { writes: [] };
    const pods = view.controlledBy(podKind, rc.metadata.uid);
    const live = pods.filter(active);
    const writes: PlannedWrite[] = [];
    const events: PlannedEvent[] = [];
    const missing = (rc.spec?.replicas ?? 1) - live.length;
    if (missing > 0) writes.push(...creations(view, rc, missing));
    else if (missing < 0) for (const object of live.slice(0, -missing)) writes.push({ verb: 'delete', kind: podKind, object });
    const status = { ...rc.status, replicas: live.length, readyReplicas: live.filter(ready).length, availableReplicas: live.filter(ready).length, observedGeneration: rc.metadata.generation ?? 0 };
    writes.push({ verb: 'update-status', kind: replicationControllerKind, object: { ...rc, status } as KubeObject });
    return { writes, events };
  },
};

function creations(view: ViewReader, rc: ReplicationController, count: number): PlannedWrite[] {
  const template = rc.spec?.template;
  if (template === undefined) return [];
  LabelMatcher.ofMap(rc.spec?.selector);
  const writes: PlannedWrite[] = [];
  const base = `${rc.metadata.name}-`;
  const metadata: ObjectMeta = {
    ...template.metadata,
    namespace: rc.metadata.namespace ?? 'default',
    generateName: base,
    ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicationController', name: rc.metadata.name, uid: rc.metadata.uid, controller: true, blockOwnerDeletion: true }],
  };
  for (let slot = 0; writes.length < count; slot++) {
    const name = childName(base, { ownerUid: rc.metadata.uid, slot });
    if (view.get(podKind, rc.metadata.namespace, name) !== undefined) continue;
    writes.push({ verb: 'create', kind: podKind, object: { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name }, spec: template.spec } as PodManifest });
  }
  return writes;
}
