import type { PodAffinityTerm, PodSpec, TopologySpreadConstraint } from '../api/generated/models.ts';
import { AffinityTerm, type Labels } from './affinity-term.ts';

/** A preference for (positive) or against (negative) being near the pods a term means. */
export interface WeightedTerm {
  readonly term: AffinityTerm;
  readonly weight: number;
}

/**
 * What decisions about pods among each other need to know of a pod: its labels, and its own terms. Pods that are alike in it
 * share one object (see `PodInterner`).
 */
export class PodGroup {
  readonly id: number;
  readonly namespace: string;
  readonly labels: Labels;
  /** A pod that is being deleted does not count for spreading any more. */
  readonly terminating: boolean;
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
  readonly spreadConstraints: readonly TopologySpreadConstraint[];

  constructor(id: number, namespace: string, labels: Labels, terminating: boolean, spec: PodSpec) {
    this.id = id;
    this.namespace = namespace;
    this.labels = labels;
    this.terminating = terminating;
    const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
    const compile = (term: PodAffinityTerm): AffinityTerm => new AffinityTerm(term, this);
    this.requiredAffinity = (podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(compile);
    this.requiredAntiAffinity = (podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(compile);
    this.preferred = [
      ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight }) => ({
        term: compile(podAffinityTerm),
        weight,
      })),
      ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm, weight }) => ({
        term: compile(podAffinityTerm),
        weight: -weight,
      })),
    ];
    this.spreadConstraints = spec.topologySpreadConstraints ?? [];
  }

  /** True if it has terms of its own. */
  get hasTerms(): boolean {
    return this.requiredAffinity.length > 0 || this.requiredAntiAffinity.length > 0 || this.preferred.length > 0;
  }
}
