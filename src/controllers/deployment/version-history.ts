import type { KindDescriptor } from '../../api/kind.ts';
import { replicaSetKind } from '../../kinds/replica-set.ts';
import type { DeploymentPass } from './deployment-pass.ts';
import type { Version } from './version.ts';

/** Deletes the oldest versions that are not in use, so that no more than revisionHistoryLimit are kept besides the newest. */
export function pruneVersions(pass: DeploymentPass): void {
  const limit = pass.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2_147_483_647) return;
  const kept = pass.old.filter(({ set }) => set.metadata.deletionTimestamp === undefined);
  const surplus = [...kept].sort((a, b) => a.revision - b.revision).slice(0, Math.max(0, kept.length - limit));
  for (const version of surplus.filter(isIdle))
    pass.writes.push({
      verb: 'delete',
      kind: replicaSetKind as KindDescriptor,
      object: version.set,
      propagation: 'Background',
      unchanged: true,
    });
}

function isIdle({ set, replicas }: Version): boolean {
  return replicas === 0 && (set.status?.replicas ?? 0) === 0 && (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0);
}
