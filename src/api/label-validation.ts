import type { LabelSelector } from './generated/models.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkLabelValue, checkQualifiedName } from './names.ts';

const annotationBytesMax = 256 * 1024;

/** Checks the keys and values of labels; all problems stand at the field of the whole map, as in Kubernetes. */
export function validateLabels(labels: Readonly<Record<string, string>> | undefined, path: string, errors: FieldErrors): void {
  if (labels === undefined) return;
  for (const [key, value] of Object.entries(labels)) {
    for (const problem of checkQualifiedName(key)) errors.invalid(path, key, problem);
    for (const problem of checkLabelValue(value)) errors.invalid(path, value, problem);
  }
}

/** Checks the keys of annotations (any case is allowed) and the size of all together: 256 KiB. */
export function validateAnnotations(annotations: Readonly<Record<string, string>> | undefined, path: string, errors: FieldErrors): void {
  if (annotations === undefined) return;
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const problem of checkQualifiedName(key.toLowerCase())) errors.invalid(path, key, problem);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > annotationBytesMax) errors.tooLong(path, annotationBytesMax);
}

/** Checks a LabelSelector object: operators, how many values they take, and the keys and values. */
export function validateLabelSelector(selector: LabelSelector | undefined, path: string, errors: FieldErrors): void {
  if (selector === undefined) return;
  validateLabels(selector.matchLabels, `${path}.matchLabels`, errors);
  for (const [i, { key, operator, values }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`;
    if (operator === 'In' || operator === 'NotIn') {
      if ((values ?? []).length === 0) errors.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if ((values ?? []).length > 0) errors.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else {
      errors.invalid(`${at}.operator`, operator, 'not a valid selector operator');
    }
    for (const problem of checkQualifiedName(key)) errors.invalid(`${at}.key`, key, problem);
    for (const [v, value] of (values ?? []).entries()) {
      for (const problem of checkLabelValue(value)) errors.invalid(`${at}.values[${v}]`, value, problem);
    }
  }
}
