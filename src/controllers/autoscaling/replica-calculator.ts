import type { PodGroups } from './pod-groups.ts';

/** How far off the target a measurement may be before anything is done. */
export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface Proposal {
  readonly replicas: number;
  /** For the status: the mean of the Pods in thousandths, and in percent of what they request. */
  readonly averageMilli: number;
  readonly utilization?: number;
}

const isWithin = ({ up, down }: Tolerance, ratio: number): boolean => 1 - down <= ratio && ratio <= 1 + up;

/** What a set of Pods is measured against. */
export interface PodTarget {
  /** Measured over wanted, for these Pods. */
  readonly ratio: (measured: ReadonlyMap<string, number>) => number;
  /** What a Pod without a measurement counts as when fewer Pods would be wanted. */
  readonly assumed: (pod: string) => number;
}

/**
 * How many Pods bring the mean to the target. Those that are not ready or were not measured are counted so that the answer is
 * rather too small a step than too great a one.
 */
export function replicasFor(groups: PodGroups, current: number, target: PodTarget, tolerance: Tolerance): number {
  const { measured, unready, missing } = groups;
  const ready = measured.size;
  const ratio = target.ratio(measured);
  const scaleUpWithUnready = unready.length > 0 && ratio > 1;
  if (!scaleUpWithUnready && missing.length === 0) return isWithin(tolerance, ratio) ? current : Math.ceil(ratio * ready);
  const all = new Map(measured);
  if (ratio < 1) for (const pod of missing) all.set(pod, target.assumed(pod));
  else if (ratio > 1) for (const pod of missing) all.set(pod, 0);
  if (scaleUpWithUnready) for (const pod of unready) all.set(pod, 0);
  const careful = target.ratio(all);
  if (isWithin(tolerance, careful) || (ratio < 1 && careful > 1) || (ratio > 1 && careful < 1)) return current;
  const replicas = Math.ceil(careful * all.size);
  return (careful < 1 && replicas > current) || (careful > 1 && replicas < current) ? current : replicas;
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};
export const mean = (values: ReadonlyMap<string, number>): number => Math.floor(sum(values.values()) / Math.max(1, values.size));

/** So much for each Pod. */
export const averageTarget = (targetMilli: number): PodTarget => ({
  ratio: (measured) => mean(measured) / targetMilli,
  assumed: () => targetMilli,
});

/** So many percent of what each Pod requests. */
export function utilizationTarget(percent: number, requests: ReadonlyMap<string, number>): PodTarget {
  return {
    ratio: (measured) => utilizationOf(measured, requests) / percent,
    assumed: (pod) => ((requests.get(pod) ?? 0) * Math.max(100, percent)) / 100,
  };
}

export function utilizationOf(measured: ReadonlyMap<string, number>, requests: ReadonlyMap<string, number>): number {
  const requested = sum([...measured.keys()].map((pod) => requests.get(pod) ?? 0));
  return Math.floor((sum(measured.values()) * 100) / Math.max(1, requested));
}

/** A single value that is to be `targetMilli`: in proportion to the Pods that are ready; from none, as many as the value asks for. */
export function replicasForValue(milli: number, targetMilli: number, current: number, ready: number, tolerance: Tolerance): number {
  const ratio = milli / targetMilli;
  if (current === 0) return Math.ceil(ratio);
  return isWithin(tolerance, ratio) ? current : Math.ceil(ratio * ready);
}

/** A single value that is to be `targetMilli` for each Pod. */
export function replicasForAverage(milli: number, targetMilli: number, present: number, tolerance: Tolerance): number {
  const ratio = present === 0 ? (milli === 0 ? 1 : Number.POSITIVE_INFINITY) : milli / (targetMilli * present);
  return isWithin(tolerance, ratio) ? present : Math.ceil(milli / targetMilli);
}
