import { podKind } from '../../kinds/pod.ts';
import { isFinished } from '../pods.ts';
import type { DeploymentPass } from './deployment-pass.ts';

/** The first half of Recreate: every old version goes to nothing. True if one still had something to give up. */
export function stopOld(pass: DeploymentPass): boolean {
  const old = pass.old.filter((version) => version.replicas > 0);
  for (const version of old) pass.scale(version, 0);
  return old.length > 0;
}

/** True while Pods of old versions are there that have not ended: those on their way out too. */
export function oldPodsLive({ view, old }: DeploymentPass): boolean {
  return old.some(
    ({ set }) => (set.status?.replicas ?? 0) > 0 || view.controlledBy(podKind, set.metadata.uid).some((pod) => !isFinished(pod)),
  );
}
