import { deepEqual } from '../../api/deep-equal.ts';
import type { FieldErrors } from '../../api/field-errors.ts';
import { goValue } from '../../api/go-value.ts';
import type { Container, NodeAffinity, NodeSelectorTerm, PodManifest, PodSpec, Toleration } from '../../api/generated/models.ts';
import { inclusiveRange, int32Max } from '../field-checks.ts';
import { appArmorPrefix, mirrorPodAnnotation } from './annotations.ts';
import { describeDifference } from '../describe-difference.ts';

/*
 * What may change in a pod that exists: images, the deadline downwards, more tolerations, fewer scheduling gates.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/#pod-update-and-replacement
 */

const updatable = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

type Annotations = Readonly<Record<string, string>>;

export function validateAnnotationsUpdate(object: PodManifest, old: PodManifest, errors: FieldErrors): void {
  if (object.metadata?.annotations === old.metadata?.annotations) return;
  const before: Annotations = old.metadata?.annotations ?? {};
  const after: Annotations = object.metadata?.annotations ?? {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (before[key] === after[key]) continue;
    const verb = before[key] === undefined ? 'add' : 'remove or update';
    if (key.startsWith(appArmorPrefix)) errors.forbidden(`metadata.annotations[${key}]`, `may not ${verb} AppArmor annotations`);
    if (key === mirrorPodAnnotation) errors.forbidden(`metadata.annotations[${key}]`, `may not ${verb} mirror pod annotation`);
  }
}

/** False if containers were added or removed: nothing further can be compared then. */
function validateImages(containers: readonly Container[] = [], old: readonly Container[] = [], path: string, errors: FieldErrors): boolean {
  if (containers.length !== old.length) {
    errors.forbidden(path, 'pod updates may not add or remove containers');
    return false;
  }
  for (const [i, { image = '' }] of containers.entries()) {
    if (image === '') errors.required(`${path}[${i}].image`);
    if (image !== image.trim()) errors.invalid(`${path}[${i}].image`, image, 'must not have leading or trailing whitespace');
  }
  return true;
}

/** False if the deadline is so wrong that Kubernetes looks no further. */
function validateDeadline(spec: PodSpec, old: PodSpec, errors: FieldErrors): boolean {
  const path = 'spec.activeDeadlineSeconds';
  const value = spec.activeDeadlineSeconds;
  const before = old.activeDeadlineSeconds;
  if (value === undefined) {
    if (before !== undefined) errors.invalid(path, undefined, 'must not update from a positive integer to nil value');
    return true;
  }
  if (value < 0 || value > int32Max) {
    errors.invalid(path, value, inclusiveRange(0, int32Max));
    return false;
  }
  if (before !== undefined && before < value) {
    errors.invalid(path, value, 'must be less than or equal to previous value');
    return false;
  }
  return true;
}

function validateTolerationsGrow(tolerations: readonly Toleration[], old: readonly Toleration[], errors: FieldErrors): void {
  const kept = old.every((before) =>
    tolerations.some((now) => {
      const { tolerationSeconds: _seconds, ...rest } = before;
      const { tolerationSeconds: _other, ...others } = now;
      return deepEqual(rest, others);
    }),
  );
  if (!kept) errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

function validateGatesShrink(spec: PodSpec, old: PodSpec, errors: FieldErrors): void {
  const known = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  for (const [i, { name }] of (spec.schedulingGates ?? []).entries()) {
    if (!known.has(name))
      errors.forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`);
  }
}

function onlyGrew(list: readonly unknown[] = [], old: readonly unknown[] = []): boolean {
  return deepEqual(list.slice(0, old.length), old);
}

function termOnlyGrew(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const wasEmpty = (old.matchExpressions ?? []).length === 0 && (old.matchFields ?? []).length === 0;
  if (wasEmpty) return (term.matchExpressions ?? []).length === 0 && (term.matchFields ?? []).length === 0;
  return onlyGrew(term.matchExpressions, old.matchExpressions) && onlyGrew(term.matchFields, old.matchFields);
}

function validateNodeAffinityGrows(affinity: NodeAffinity | undefined, old: NodeAffinity | undefined, errors: FieldErrors): void {
  const before = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  if (before.length === 0) return;
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (before.length !== terms.length) {
    return errors.invalid(path, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed');
  }
  for (const [i, term] of terms.entries()) {
    if (!termOnlyGrew(term, before[i]!)) errors.invalid(`${path}[${i}]`, term, 'only additions are allowed (no mutations or deletions)');
  }
}

/** While a gate holds a pod back, its node selector and node affinity may become stricter. */
function validateGatedScheduling(spec: PodSpec, old: PodSpec, errors: FieldErrors): void {
  const lost = Object.entries(old.nodeSelector ?? {}).some(([key, value]) => spec.nodeSelector?.[key] !== value);
  if (lost)
    errors.invalid(
      'spec.nodeSelector',
      goValue('map[string]string', spec.nodeSelector),
      'only additions to spec.nodeSelector are allowed (no mutations or deletions)',
    );
  validateNodeAffinityGrows(spec.affinity?.nodeAffinity, old.affinity?.nodeAffinity, errors);
}

function withOldImages(containers: readonly Container[], old: readonly Container[]): readonly Container[] {
  return containers.map((container, i) => {
    const { image: _image, ...rest } = container;
    const before = old[i]!.image;
    return before === undefined ? rest : { ...rest, image: before };
  });
}

function without<T extends object, K extends keyof T>(object: T, ...keys: readonly K[]): Omit<T, K> {
  const copy = { ...object };
  for (const key of keys) delete copy[key];
  return copy;
}

/** The spec with everything that may change as it was before; what still differs may not. */
function withOldUpdatables(spec: PodSpec, old: PodSpec): PodSpec {
  const copy: Record<string, unknown> = { ...spec };
  const restored: (keyof PodSpec)[] = ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'];
  if ((old.schedulingGates ?? []).length > 0) {
    restored.push('nodeSelector');
    const affinity = {
      ...without(spec.affinity ?? {}, 'nodeAffinity'),
      ...(old.affinity?.nodeAffinity === undefined ? {} : { nodeAffinity: old.affinity.nodeAffinity }),
    };
    if (Object.keys(affinity).length > 0 || old.affinity !== undefined) copy['affinity'] = affinity;
    else delete copy['affinity'];
  }
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1)
    restored.push('terminationGracePeriodSeconds');
  for (const field of restored) copy[field] = old[field];
  copy['containers'] = withOldImages(spec.containers, old.containers);
  if (spec.initContainers !== undefined) copy['initContainers'] = withOldImages(spec.initContainers, old.initContainers ?? []);
  return copy as unknown as PodSpec;
}

export function validatePodUpdate(object: PodManifest, old: PodManifest, errors: FieldErrors): void {
  validateAnnotationsUpdate(object, old, errors);
  const { spec, spec: { containers, initContainers } = { containers: [] } } = object;
  const before = old.spec;
  if (spec === undefined || before === undefined || spec === before) return;
  if (!validateImages(containers, before.containers, 'spec.containers', errors)) return;
  if (!validateImages(initContainers, before.initContainers, 'spec.initContainers', errors)) return;
  if (!validateDeadline(spec, before, errors)) return;
  validateTolerationsGrow(spec.tolerations ?? [], before.tolerations ?? [], errors);
  validateGatesShrink(spec, before, errors);
  if ((before.schedulingGates ?? []).length > 0) validateGatedScheduling(spec, before, errors);
  const fixed = withOldUpdatables(spec, before);
  if (!deepEqual(fixed, before)) {
    errors.forbidden('spec', `pod updates may not change fields other than ${updatable}\n${describeDifference(before, fixed)}`);
  }
}
