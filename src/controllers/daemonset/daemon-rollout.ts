import { resolveIntOrPercent } from '../../kinds/workload/int-or-percent.ts';
import type { Pod } from '../pods.ts';
import { isLeaving, type DaemonPass, type DaemonPlace } from './daemon-pass.ts';

interface PodsOfPlace {
  readonly fresh: Pod | undefined;
  readonly old: Pod | undefined;
}

/** How many nodes may be without an available Pod, or have two of them, during a rolling update. */
export function rolloutLimits({ spec, places }: DaemonPass): { readonly surge: number; readonly unavailable: number } {
  const desired = places.filter(({ shouldRun }) => shouldRun).length;
  const { maxSurge = 0, maxUnavailable = 1 } = spec.updateStrategy?.rollingUpdate ?? {};
  const surge = resolveIntOrPercent(maxSurge, desired, 'up');
  const unavailable = resolveIntOrPercent(maxUnavailable, desired, 'up');
  return { surge, unavailable: desired > 0 && surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** The next step of a rolling update. What `place` has decided already counts as done. */
export function rollForward(pass: DaemonPass): void {
  const { surge, unavailable } = rolloutLimits(pass);
  if (surge > 0) rollBySurge(pass, surge);
  else rollByDeletion(pass, unavailable);
}

function rollByDeletion(pass: DaemonPass, max: number): void {
  let missing = 0;
  const useless: Pod[] = [];
  const candidates: Pod[] = [];
  for (const place of pass.places.filter(({ shouldRun }) => shouldRun)) {
    const { fresh, old } = podsOf(pass, place);
    if (fresh !== undefined) {
      if (!pass.isAvailable(fresh)) missing++;
    } else if (old === undefined) missing++;
    else if (!pass.isAvailable(old)) {
      // Nobody loses anything by its end.
      useless.push(old);
      missing++;
    } else candidates.push(old);
  }
  const spare = Math.max(0, max - missing);
  for (const pod of [...useless, ...candidates.slice(0, spare)]) pass.deletions.add(pod);
}

function rollBySurge(pass: DaemonPass, max: number): void {
  let surging = 0;
  const urgent: string[] = [];
  const candidates: string[] = [];
  for (const place of pass.places.filter(({ shouldRun }) => shouldRun)) {
    const { fresh, old } = podsOf(pass, place);
    if (old === undefined) continue;
    if (fresh !== undefined) {
      if (!pass.isAvailable(fresh)) surging++;
    } else if (!pass.isAvailable(old)) urgent.push(place.node);
    else candidates.push(place.node);
  }
  const spare = Math.max(0, max - surging);
  for (const node of [...urgent, ...candidates.slice(0, spare)]) pass.creations.add(node);
}

function podsOf(pass: DaemonPass, { pods }: DaemonPlace): PodsOfPlace {
  const staying = pods.filter((pod) => !isLeaving(pod) && !pass.deletions.has(pod));
  return { fresh: staying.find((pod) => pass.isNew(pod)), old: staying.find((pod) => !pass.isNew(pod)) };
}
