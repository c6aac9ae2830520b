import type { StatefulSetStatus } from '../../api/generated/models.ts';
import { revisionOf, type StatefulPass } from './stateful-pass.ts';

/** What a StatefulSet says of its Pods; an update that is everywhere becomes the present version. */
export function statefulStatus(pass: StatefulPass, collisionCount: number): StatefulSetStatus {
  const { pods, spec, set } = pass;
  const replicas = pods.length;
  const staying = pods.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  const ready = pods.filter((pod) => pass.isRunningAndReady(pod)).length;
  const ofVersion = (name: string): number => staying.filter((pod) => revisionOf(pod) === name).length;
  const updated = ofVersion(pass.update.name);
  const wanted = spec.replicas ?? 1;
  const complete = pass.rolling && updated === wanted && ready === wanted && replicas === wanted;
  const current = complete ? pass.update.name : pass.current.name;
  const { generation } = set.metadata;
  const some = { readyReplicas: ready, currentReplicas: ofVersion(current), updatedReplicas: updated };
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    replicas,
    ...Object.fromEntries(Object.entries(some).filter(([, count]) => count > 0)),
    availableReplicas: pods.filter((pod) => pass.isAvailable(pod)).length,
    currentRevision: current,
    updateRevision: pass.update.name,
    collisionCount,
    ...(set.status?.conditions === undefined ? {} : { conditions: set.status.conditions }),
  };
}
