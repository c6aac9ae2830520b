import type { FieldErrors } from '../api/field-errors.ts';
import type { CustomResourceDefinitionManifest } from '../api/generated/models.ts';

const annotation = 'api-approved.kubernetes.io';
const path = `metadata.annotations[${annotation}]`;
const seeAlso = 'see https://github.com/kubernetes/enhancements/pull/1111';

type Approval = 'missing' | 'unusable' | 'approved' | 'bypassed';

function approvalOf(text: string): Approval {
  if (text === '') return 'missing';
  if (text.startsWith('unapproved')) return 'bypassed';
  return URL.canParse(text) && new URL(text).host !== '' ? 'approved' : 'unusable';
}

const noteOf = ({ metadata }: CustomResourceDefinitionManifest): string => metadata?.annotations?.[annotation] ?? '';

/**
 * Groups under k8s.io and kubernetes.io are the community's: a definition in one says where it was approved, or that it was not. One
 * that is stored without may go on without.
 * Source: https://kubernetes.io/docs/reference/labels-annotations-taints/#api-approved-kubernetes-io
 */
export function validateApiApproval(
  definition: CustomResourceDefinitionManifest,
  old: CustomResourceDefinitionManifest | undefined,
  errors: FieldErrors,
): void {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(definition.spec.group)) return;
  const note = noteOf(definition);
  const approval = approvalOf(note);
  if (old !== undefined && approvalOf(noteOf(old)) === approval) return;
  const words = `protected groups must have approval annotation ${JSON.stringify(annotation)}`;
  if (approval === 'missing') errors.required(path, `${words}, ${seeAlso}`);
  else if (approval === 'unusable')
    errors.invalid(path, note, `${words} with either a URL or a reason starting with "unapproved", ${seeAlso}`);
}
