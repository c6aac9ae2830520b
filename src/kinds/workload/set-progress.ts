import type { DaemonSetManifest, StatefulSetManifest } from '../../api/generated/models.ts';
import type { Stored } from '../../api/object.ts';
import type { RolloutProgress } from './rollout.ts';

const onlyRolling = 'rollout status is only available for the strategy RollingUpdate: Pods are replaced when somebody deletes them';

export function daemonSetProgress({ metadata, spec, status }: Stored<DaemonSetManifest>): RolloutProgress {
  const name = JSON.stringify(metadata.name);
  if (spec?.updateStrategy?.type === 'OnDelete') return { done: false, message: onlyRolling, failure: onlyRolling };
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0))
    return { done: false, message: 'Waiting for daemon set spec update to be observed...' };
  const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status ?? {};
  const waiting = `Waiting for daemon set ${name} rollout to finish:`;
  if (updatedNumberScheduled < desiredNumberScheduled)
    return { done: false, message: `${waiting} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...` };
  if (numberAvailable < desiredNumberScheduled)
    return { done: false, message: `${waiting} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...` };
  return { done: true, message: `daemon set ${name} successfully rolled out` };
}

export function statefulSetProgress({ metadata, spec, status }: Stored<StatefulSetManifest>): RolloutProgress {
  if (spec?.updateStrategy?.type === 'OnDelete') return { done: false, message: onlyRolling, failure: onlyRolling };
  const { observedGeneration = 0, readyReplicas = 0, updatedReplicas = 0, updateRevision = '', currentRevision = '' } = status ?? {};
  if (observedGeneration === 0 || (metadata.generation ?? 0) > observedGeneration)
    return { done: false, message: 'Waiting for statefulset spec update to be observed...' };
  const wanted = spec?.replicas ?? 1;
  if (readyReplicas < wanted) return { done: false, message: `Waiting for ${wanted - readyReplicas} pods to be ready...` };
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition > 0) {
    const updating = Math.max(0, wanted - partition);
    if (updatedReplicas < updating) {
      const waiting = 'Waiting for partitioned roll out to finish:';
      return { done: false, message: `${waiting} ${updatedReplicas} out of ${updating} new pods have been updated...` };
    }
    return { done: true, message: `partitioned roll out complete: ${updatedReplicas} new pods have been updated...` };
  }
  if (updateRevision !== currentRevision) {
    const waiting = 'waiting for statefulset rolling update to complete';
    return { done: false, message: `${waiting} ${updatedReplicas} pods at revision ${updateRevision}...` };
  }
  return { done: true, message: `statefulset rolling update complete ${wanted} pods at revision ${currentRevision}...` };
}
