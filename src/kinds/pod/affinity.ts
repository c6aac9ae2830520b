import type { FieldErrors } from '../../api/field-errors.ts';
import type { Affinity, LabelSelector, NodeAffinity, PodAffinity, PodAffinityTerm } from '../../api/generated/models.ts';
import { validateLabelSelector } from '../../api/label-validation.ts';
import { checkDns1123Label } from '../../api/names.ts';
import { validateName, validateQualifiedName } from '../field-checks.ts';
import { validateNodeSelector, validateNodeSelectorTerm } from '../node-selector.ts';

const inBoth = (other: string): string => `exists in both matchLabelKeys and ${other}`;

function validateWeight(weight: number, path: string, errors: FieldErrors): void {
  if (weight <= 0 || weight > 100) errors.invalid(`${path}.weight`, weight, 'must be in the range 1-100');
}

export function validateNodeAffinity(affinity: NodeAffinity, path: string, errors: FieldErrors): void {
  const { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution: preferred } = affinity;
  if (required !== undefined) validateNodeSelector(required, `${path}.requiredDuringSchedulingIgnoredDuringExecution`, errors);
  for (const [i, term] of (preferred ?? []).entries()) {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    validateWeight(term.weight, at, errors);
    validateNodeSelectorTerm(term.preference, false, `${at}.preference`, errors);
  }
}

function validateLabelKeys(keys: readonly string[], selector: LabelSelector | undefined, path: string, errors: FieldErrors): void {
  if (keys.length === 0) return;
  if (selector === undefined) return errors.forbidden(path, 'must not be specified when labelSelector is not set');
  for (const [i, key] of keys.entries()) validateQualifiedName(key, `${path}[${i}]`, errors);
}

/** The API adds the labels of `matchLabelKeys` to the selector; a key that the user put there as well stands in it twice. */
function validateKeysOnce(keys: readonly string[], selector: LabelSelector | undefined, path: string, errors: FieldErrors): void {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = keys.lastIndexOf(key);
    if (index >= 0 && seen.has(key)) errors.invalid(`${path}[${index}]`, key, inBoth('labelSelector'));
    seen.add(key);
  }
}

function validateTerm(term: PodAffinityTerm, path: string, errors: FieldErrors): void {
  validateLabelSelector(term.labelSelector, `${path}.labelSelector`, errors);
  validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`, errors);
  for (const namespace of term.namespaces ?? []) validateName(checkDns1123Label, namespace, `${path}.namespace`, errors);
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = term;
  validateLabelKeys(matchLabelKeys, term.labelSelector, `${path}.matchLabelKeys`, errors);
  validateLabelKeys(mismatchLabelKeys, term.labelSelector, `${path}.mismatchLabelKeys`, errors);
  validateKeysOnce(matchLabelKeys, term.labelSelector, path, errors);
  for (const [i, key] of matchLabelKeys.entries()) {
    if (mismatchLabelKeys.includes(key)) errors.invalid(`${path}.matchLabelKeys[${i}]`, key, inBoth('mismatchLabelKeys'));
  }
  if (term.topologyKey === '') errors.required(`${path}.topologyKey`, 'can not be empty');
  validateQualifiedName(term.topologyKey, `${path}.topologyKey`, errors);
}

function validatePodAffinity(affinity: PodAffinity, path: string, errors: FieldErrors): void {
  const { requiredDuringSchedulingIgnoredDuringExecution: required, preferredDuringSchedulingIgnoredDuringExecution: preferred } = affinity;
  for (const [i, term] of (required ?? []).entries()) {
    validateTerm(term, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, errors);
  }
  for (const [i, term] of (preferred ?? []).entries()) {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    validateWeight(term.weight, at, errors);
    validateTerm(term.podAffinityTerm, `${at}.podAffinityTerm`, errors);
  }
}

export function validateAffinity(affinity: Affinity, path: string, errors: FieldErrors): void {
  if (affinity.nodeAffinity !== undefined) validateNodeAffinity(affinity.nodeAffinity, `${path}.nodeAffinity`, errors);
  if (affinity.podAffinity !== undefined) validatePodAffinity(affinity.podAffinity, `${path}.podAffinity`, errors);
  if (affinity.podAntiAffinity !== undefined) validatePodAffinity(affinity.podAntiAffinity, `${path}.podAntiAffinity`, errors);
}
