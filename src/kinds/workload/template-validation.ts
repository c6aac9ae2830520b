import type { FieldErrors } from '../../api/field-errors.ts';
import { goValue } from '../../api/go-value.ts';
import type { LabelSelector, PodTemplateSpec } from '../../api/generated/models.ts';
import { LabelMatcher } from '../../api/label-matcher.ts';
import { validateLabelSelector } from '../../api/label-validation.ts';
import { ParseError } from '../../errors.ts';
import { validatePodTemplate } from '../pod/pod-spec.ts';

/** The selector, compiled; undefined if it makes no sense. None selects nothing. */
export function compiled(selector: LabelSelector | undefined): LabelMatcher | undefined {
  try {
    return LabelMatcher.of(selector);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/** A selector there must be, and one that selects something less than everything; `empty` is what is said of the one that does not. */
export function validateRequiredSelector(selector: LabelSelector | undefined, empty: string, path: string, errors: FieldErrors): void {
  if (selector === undefined) return errors.required(path);
  validateLabelSelector(selector, path, errors);
  if (isEmptySelector(selector)) errors.invalid(path, goValue('v1.LabelSelector', selector), empty);
}

/** The pods of the template must be those of the selector. */
export function validateSelected(template: PodTemplateSpec, matcher: LabelMatcher, path: string, errors: FieldErrors): void {
  const labels = template.metadata?.labels;
  if (matcher.matchesEverything || matcher.matches(labels)) return;
  errors.invalid(`${path}.metadata.labels`, goValue('map[string]string', labels), '`selector` does not match template `labels`');
}

/** Pods of workloads that never end restart always, and have no deadline. */
export function validateEndless(template: PodTemplateSpec, kind: string, path: string, errors: FieldErrors): void {
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'Always') errors.notSupported(`${path}.spec.restartPolicy`, policy, ['Always']);
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    errors.forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}

/** The template of a ReplicaSet, in it or in a Deployment. */
export function validateReplicaSetTemplate(template: PodTemplateSpec, matcher: LabelMatcher, path: string, errors: FieldErrors): void {
  validateSelected(template, matcher, path, errors);
  validatePodTemplate(template, path, errors);
  validateEndless(template, 'ReplicaSet', path, errors);
}
