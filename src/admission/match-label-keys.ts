import type { AdmissionStep } from '../api/admission.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { LabelSelector, PodAffinity, PodAffinityTerm, PodManifest, PodSpec } from '../api/generated/models.ts';
import { podSpecStep } from './pod-spec-step.ts';

type Labels = Readonly<Record<string, string>>;

function merged(term: PodAffinityTerm, labels: Labels): PodAffinityTerm {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  if (labelSelector === undefined) return term;
  const requirements = (keys: readonly string[], operator: string): NonNullable<LabelSelector['matchExpressions']> =>
    keys.flatMap((key) => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]));
  const added = [...requirements(matchLabelKeys, 'In'), ...requirements(mismatchLabelKeys, 'NotIn')];
  if (added.length === 0) return term;
  return { ...term, labelSelector: { ...labelSelector, matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added] } };
}

function withTerms(affinity: PodAffinity, change: (term: PodAffinityTerm) => PodAffinityTerm): PodAffinity {
  const { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution: preferred } = affinity;
  return {
    ...affinity,
    ...(required === undefined ? {} : { requiredDuringSchedulingIgnoredDuringExecution: required.map(change) }),
    ...(preferred === undefined
      ? {}
      : {
          preferredDuringSchedulingIgnoredDuringExecution: preferred.map((wish) => ({
            ...wish,
            podAffinityTerm: change(wish.podAffinityTerm),
          })),
        }),
  };
}

/** All label keys that terms of the Pod name. */
function keysOf({ affinity: { podAffinity, podAntiAffinity } = {} }: PodSpec): readonly string[] {
  return [podAffinity, podAntiAffinity].flatMap((affinity) =>
    [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
    ].flatMap(({ matchLabelKeys = [], mismatchLabelKeys = [] }) => [...matchLabelKeys, ...mismatchLabelKeys]),
  );
}

/** As it was written, without what was put into the selector. */
function written(term: PodAffinityTerm): PodAffinityTerm {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  const left = [...(labelSelector?.matchExpressions ?? [])];
  const isAdded = ({ key, operator }: (typeof left)[number]): boolean =>
    (operator === 'In' && matchLabelKeys.includes(key)) || (operator === 'NotIn' && mismatchLabelKeys.includes(key));
  for (let last = left.at(-1); last !== undefined && isAdded(last); last = left.at(-1)) left.pop();
  if (left.length === (labelSelector?.matchExpressions ?? []).length) return term;
  const { matchExpressions: _all, ...selector } = labelSelector ?? {};
  return { ...term, labelSelector: { ...selector, ...(left.length === 0 ? {} : { matchExpressions: left }) } };
}

const labelsOf = (object: object): Labels => (object as PodManifest).metadata?.labels ?? {};

function changed(spec: PodSpec, ofTerm: (term: PodAffinityTerm) => PodAffinityTerm): PodSpec {
  if (keysOf(spec).length === 0) return spec;
  const { podAffinity, podAntiAffinity } = spec.affinity ?? {};
  return {
    ...spec,
    affinity: {
      ...spec.affinity,
      ...(podAffinity === undefined ? {} : { podAffinity: withTerms(podAffinity, ofTerm) }),
      ...(podAntiAffinity === undefined ? {} : { podAntiAffinity: withTerms(podAntiAffinity, ofTerm) }),
    },
  };
}

/** Whoever applies the manifest of a Pod once more means what came of it the first time. */
function kept(spec: PodSpec, old: PodSpec): PodSpec {
  if (spec.affinity === undefined || old.affinity === undefined || spec.affinity === old.affinity) return spec;
  if (keysOf(old).length === 0 || !deepEqual(spec.affinity, changed(old, written).affinity)) return spec;
  return { ...spec, affinity: old.affinity };
}

/**
 * The values that a new Pod has for `matchLabelKeys` and `mismatchLabelKeys` of its (anti-)affinity go into the selectors: they stay
 * what they were when its labels change. Those of spread constraints do so from Kubernetes 1.34 on.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#matchlabelkeys
 */
export const matchLabelKeys = (): AdmissionStep =>
  podSpecStep(
    'MatchLabelKeys',
    (spec, { object }) => changed(spec, (term) => merged(term, labelsOf(object))),
    kept,
    ({ object }) => {
      const { spec } = object as PodManifest;
      if (spec?.affinity === undefined) return '';
      const labels = labelsOf(object);
      return JSON.stringify(keysOf(spec).map((key) => labels[key]));
    },
  );
