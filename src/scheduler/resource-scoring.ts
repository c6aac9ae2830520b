import { ConfigurationError } from '../errors.ts';

export interface ResourceWeight {
  readonly name: string;
  /** From 1 to 100; 1 unless given. */
  readonly weight?: number;
}

/** A point of the line from utilization (0..100 %) to score (0..10). */
export interface ShapePoint {
  readonly utilization: number;
  readonly score: number;
}

/** Parallel arrays, one entry a resource that the node has; `weights` belong to them. 0..100. */
export type Utilization = (requested: readonly number[], allocatable: readonly number[], weights: readonly number[]) => number;

/** The more is left the better: for each resource the part that is left. */
export const leastAllocated: Utilization = (requested, allocatable, weights) =>
  weightedMean(weights, (i) =>
    requested[i]! > allocatable[i]! ? 0 : Math.floor(((allocatable[i]! - requested[i]!) * 100) / allocatable[i]!),
  );

/** The less is left the better: for each resource the part that is taken. */
export const mostAllocated: Utilization = (requested, allocatable, weights) =>
  weightedMean(weights, (i) => Math.floor((Math.min(requested[i]!, allocatable[i]!) * 100) / allocatable[i]!));

function weightedMean(weights: readonly number[], scoreAt: (i: number) => number): number {
  let sum = 0;
  let weightSum = 0;
  for (let i = 0; i < weights.length; i++) {
    sum += scoreAt(i) * weights[i]!;
    weightSum += weights[i]!;
  }
  return weightSum === 0 ? 0 : Math.floor(sum / weightSum);
}

/** By a line through given points. Resources that score 0 do not count, as in Kubernetes. */
export function requestedToCapacityRatio(shape: readonly ShapePoint[]): Utilization {
  checkShape(shape);
  const line = brokenLine(shape.map(({ utilization, score }) => ({ utilization, score: score * 10 })));
  return (requested, allocatable, weights) => {
    let sum = 0;
    let weightSum = 0;
    for (let i = 0; i < weights.length; i++) {
      const full = requested[i]! > allocatable[i]!;
      const score = line(full ? 100 : Math.floor((requested[i]! * 100) / allocatable[i]!));
      if (score <= 0) continue;
      sum += score * weights[i]!;
      weightSum += weights[i]!;
    }
    return weightSum === 0 ? 0 : Math.round(sum / weightSum);
  };
}

/** Between two points the whole number toward zero on the line through them; before the first and after the last their scores. */
function brokenLine(points: readonly ShapePoint[]): (utilization: number) => number {
  return (utilization) => {
    for (let i = 0; i < points.length; i++) {
      const to = points[i]!;
      if (utilization > to.utilization) continue;
      const from = points[i - 1];
      if (from === undefined) return to.score;
      return from.score + Math.trunc(((to.score - from.score) * (utilization - from.utilization)) / (to.utilization - from.utilization));
    }
    return points.at(-1)!.score;
  };
}

function checkShape(shape: readonly ShapePoint[]): void {
  const at = 'NodeResourcesFit: scoringStrategy.shape';
  if (shape.length === 0) throw new ConfigurationError(`${at}: expected at least one point`);
  for (const [i, { utilization, score }] of shape.entries()) {
    if (!(utilization >= 0 && utilization <= 100))
      throw new ConfigurationError(`${at}[${i}].utilization: expected 0 to 100, got ${utilization}`);
    if (!(score >= 0 && score <= 10)) throw new ConfigurationError(`${at}[${i}].score: expected 0 to 10, got ${score}`);
    const before = shape[i - 1];
    if (before !== undefined && before.utilization >= utilization)
      throw new ConfigurationError(`${at}[${i}].utilization: expected more than ${before.utilization}, got ${utilization}`);
  }
}

/** The more alike the parts taken of each resource, the better. */
export const balanced: Utilization = (requested, allocatable) => {
  const count = requested.length;
  if (count < 2) return 100;
  let sum = 0;
  for (let i = 0; i < count; i++) sum += partTaken(requested, allocatable, i);
  let deviation: number;
  if (count === 2) {
    deviation = Math.abs((partTaken(requested, allocatable, 0) - partTaken(requested, allocatable, 1)) / 2);
  } else {
    let squares = 0;
    for (let i = 0; i < count; i++) squares += (partTaken(requested, allocatable, i) - sum / count) ** 2;
    deviation = Math.sqrt(squares / count);
  }
  return Math.trunc((1 - deviation) * 100);
};

const partTaken = (requested: readonly number[], allocatable: readonly number[], i: number): number =>
  Math.min(requested[i]! / allocatable[i]!, 1);
