import { isFinished, refOf, type Pod } from '../pods.ts';
import { claimsAreStale, createClaims, retainClaims } from './stateful-claims.ts';
import { ordinalOf, revisionOf, type StatefulPass } from './stateful-pass.ts';
import { createPod, deletePod, identifyPod } from './stateful-pod.ts';

const isLeaving = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/**
 * Fills the places, gives up the Pods outside of them, and replaces old versions, in this order; with OrderedReady one after the
 * other, and nothing before what comes earlier is running, ready and available.
 */
export function decide(pass: StatefulPass): void {
  let waiting = false;
  for (const { ordinal, pod } of pass.places) {
    waiting = fill(pass, ordinal, pod) || waiting;
    if (waiting && pass.ordered) return;
  }
  if (waiting) return;
  if (giveUp(pass) || !pass.rolling) return;
  replaceOld(pass);
}

/** What one place needs. True if the ones after it must wait. */
function fill(pass: StatefulPass, ordinal: number, pod: Pod | undefined): boolean {
  if (pod === undefined) {
    if (!claimsAreStale(pass, ordinal)) createPod(pass, ordinal);
    return true;
  }
  if (isFinished(pod)) {
    // Another one takes the place once this one is gone.
    if (!isLeaving(pod)) replaceEnded(pass, pod);
    return true;
  }
  if (pod.status?.phase === 'Pending' && !isLeaving(pod)) createClaims(pass, ordinal, pod.metadata.name);
  if (pass.ordered && (isLeaving(pod) || !pass.isAvailable(pod))) return true;
  if (isLeaving(pod)) return false;
  retainClaims(pass, ordinal, pod, false);
  identifyPod(pass, pod);
  return false;
}

function replaceEnded(pass: StatefulPass, pod: Pod): void {
  const failed = pod.status?.phase === 'Failed';
  const { namespace, name } = pass.set.metadata;
  pass.events.push({
    regarding: refOf(pass.set),
    type: failed ? 'Warning' : 'Normal',
    reason: failed ? 'RecreatingFailedPod' : 'RecreatingTerminatedPod',
    message: `StatefulSet ${namespace}/${name} is recreating ${failed ? 'failed' : 'terminated'} Pod ${pod.metadata.name}`,
  });
  deletePod(pass, pod);
}

/** Deletes Pods that have no place, the highest first. True if what comes after must wait. */
function giveUp(pass: StatefulPass): boolean {
  const firstUnhealthy = [...pass.places.map(({ pod }) => pod), ...[...pass.condemned].reverse()].find(
    (pod) => pod !== undefined && (!pass.isRunningAndReady(pod) || isLeaving(pod)),
  );
  for (const pod of pass.condemned) {
    // Claims that are to go with their Pod must say so before it goes.
    if (!isLeaving(pod) && !retainClaims(pass, ordinalOf(pass.set.metadata.name, pod.metadata.name)!, pod, true)) return true;
    if (isLeaving(pod)) {
      if (pass.ordered) return true;
      continue;
    }
    if (pass.ordered && !pass.isAvailable(pod) && pod !== firstUnhealthy) return true;
    deletePod(pass, pod);
    if (pass.ordered) return true;
  }
  return false;
}

/** Deletes the Pod with the highest place that has not the version it should have, unless one above it is not healthy yet. */
function replaceOld(pass: StatefulPass): void {
  for (const { ordinal, pod } of [...pass.places].reverse()) {
    if (ordinal < pass.start + pass.partition || pod === undefined) return;
    if (revisionOf(pod) !== pass.update.name && !isLeaving(pod)) {
      deletePod(pass, pod);
      return;
    }
    if (isLeaving(pod) || !pass.isAvailable(pod)) return;
  }
}
