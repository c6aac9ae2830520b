import { sum, type DeploymentPass } from './deployment-pass.ts';
import type { Version } from './version.ts';

/**
 * One step of a rolling update: the newest version grows as far as maxSurge lets it; if it cannot, old ones shrink as far as
 * maxUnavailable lets them. True if something moved.
 */
export function rollForward(pass: DeploymentPass, newest: Version): boolean {
  if (newest.replicas !== pass.replicas) {
    const next = newest.replicas > pass.replicas ? pass.replicas : pass.roomFor(newest.replicas);
    if (next !== newest.replicas) {
      pass.scale(newest, next);
      return true;
    }
  }
  return shrinkOld(pass, newest);
}

function shrinkOld(pass: DeploymentPass, newest: Version): boolean {
  const old = pass.old.filter((version) => version.replicas > 0);
  if (old.length === 0) return false;
  const availableMin = pass.replicas - pass.unavailable;
  const spare = pass.total - availableMin - (newest.replicas - newest.available);
  if (spare <= 0) return false;
  const dropped = dropUnhealthy(pass, old, spare);
  return dropAvailable(pass, old, availableMin) || dropped > 0;
}

/** Pods that are not available go first: they serve nobody. */
function dropUnhealthy(pass: DeploymentPass, old: readonly Version[], max: number): number {
  let dropped = 0;
  for (const version of old) {
    const count = Math.min(max - dropped, version.replicas - version.available);
    if (count <= 0) continue;
    pass.scale(version, version.replicas - count);
    dropped += count;
  }
  return dropped;
}

function dropAvailable(pass: DeploymentPass, old: readonly Version[], availableMin: number): boolean {
  let spare = sum(pass.versions, (version) => version.available) - availableMin;
  let dropped = false;
  for (const version of old) {
    const count = Math.min(version.replicas, spare);
    if (count <= 0) continue;
    pass.scale(version, version.replicas - count);
    spare -= count;
    dropped = true;
  }
  return dropped;
}
