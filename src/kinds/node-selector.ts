import type { FieldErrors } from '../api/field-errors.ts';
import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm } from '../api/generated/models.ts';
import { checkDns1123Subdomain, checkLabelValue } from '../api/names.ts';
import { validateName, validateQualifiedName } from './field-checks.ts';

function validateOperator({ operator, values = [] }: NodeSelectorRequirement, path: string, errors: FieldErrors): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) errors.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else {
    errors.invalid(`${path}.operator`, operator, 'not a valid selector operator');
  }
}

function validateField({ key, operator, values = [] }: NodeSelectorRequirement, path: string, errors: FieldErrors): void {
  if (operator !== 'In' && operator !== 'NotIn') errors.invalid(`${path}.operator`, operator, 'not a valid selector operator');
  else if (values.length !== 1) {
    errors.required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  }
  if (key !== 'metadata.name') errors.invalid(`${path}.key`, key, 'not a valid field selector key');
  else for (const [i, value] of values.entries()) validateName(checkDns1123Subdomain, value, `${path}.values[${i}]`, errors);
}

/** `required`: what must hold is checked down to its label values; a mere preference with a bad one just never counts. */
export function validateNodeSelectorTerm(term: NodeSelectorTerm, required: boolean, path: string, errors: FieldErrors): void {
  for (const [i, requirement] of (term.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`;
    validateOperator(requirement, at, errors);
    validateQualifiedName(requirement.key, `${at}.key`, errors);
    if (!required) continue;
    for (const [v, value] of (requirement.values ?? []).entries()) validateName(checkLabelValue, value, `${at}.values[${v}]`, errors);
  }
  for (const [i, requirement] of (term.matchFields ?? []).entries()) validateField(requirement, `${path}.matchFields[${i}]`, errors);
}

export function validateNodeSelector(selector: NodeSelector, path: string, errors: FieldErrors): void {
  const at = `${path}.nodeSelectorTerms`;
  if (selector.nodeSelectorTerms.length === 0) errors.required(at, 'must have at least one node selector term');
  for (const [i, term] of selector.nodeSelectorTerms.entries()) validateNodeSelectorTerm(term, true, `${at}[${i}]`, errors);
}
