import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import type { Taint, Toleration } from '../api/generated/models.ts';
import { checkLabelValue } from '../api/names.ts';
import { validateChoice, validateOptionalChoice, validateQualifiedName } from './field-checks.ts';

/*
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */

const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function validateToleration(toleration: Toleration, path: string, errors: FieldErrors): void {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  if (key !== '') validateQualifiedName(key, `${path}.key`, errors);
  else if (operator !== 'Exists') {
    errors.invalid(
      `${path}.operator`,
      operator,
      'operator must be Exists when `key` is empty, which means "match all values and all keys"',
    );
  }
  if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (operator === '' || operator === 'Equal') {
    const problems = checkLabelValue(value);
    if (problems.length > 0) errors.invalid(`${path}.operator`, value, problems.join(';'));
  } else if (operator !== 'Exists') errors.notSupported(`${path}.operator`, operator, ['Equal', 'Exists']);
  else if (value !== '')
    errors.invalid(`${path}.operator`, goValue('core.Toleration', toleration), "value must be empty when `operator` is 'Exists'");
  if (effect !== '') validateOptionalChoice(effect, effects, `${path}.effect`, errors);
}

export function validateTolerations(tolerations: readonly Toleration[], path: string, errors: FieldErrors): void {
  for (const [i, toleration] of tolerations.entries()) validateToleration(toleration, `${path}[${i}]`, errors);
}

/** The taints of a node: unique by key and effect. */
export function validateTaints(taints: readonly Taint[], path: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [i, taint] of taints.entries()) {
    const at = `${path}[${i}]`;
    validateQualifiedName(taint.key, `${at}.key`, errors);
    const problems = checkLabelValue(taint.value ?? '');
    if (problems.length > 0) errors.invalid(`${at}.value`, taint.value, problems.join(';'));
    validateChoice(taint.effect, effects, `${at}.effect`, errors);
    const pair = `${taint.key} ${taint.effect}`;
    if (seen.has(pair)) errors.duplicate(at, taint);
    seen.add(pair);
  }
}
