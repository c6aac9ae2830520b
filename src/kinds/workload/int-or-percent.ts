import type { FieldErrors } from '../../api/field-errors.ts';
import { goValue } from '../../api/go-value.ts';
import { validateNonNegative } from '../field-checks.ts';

type IntOrPercent = number | string;

const percentWords =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

function percentOf(value: IntOrPercent): number | undefined {
  const match = typeof value === 'string' ? /^([0-9]+)%$/.exec(value) : null;
  return match === null ? undefined : Number(match[1]);
}

/** A number that is not negative, or a percentage. */
export function validateIntOrPercent(value: IntOrPercent, path: string, errors: FieldErrors): void {
  if (typeof value === 'number') validateNonNegative(value, path, errors);
  else if (percentOf(value) === undefined) errors.invalid(path, goValue('intstr.IntOrString', value), percentWords);
}

export function validateAtMostAll(value: IntOrPercent, path: string, errors: FieldErrors): void {
  if ((percentOf(value) ?? 0) > 100) errors.invalid(path, goValue('intstr.IntOrString', value), 'must not be greater than 100%');
}

/** True for 0 and 0%, and for texts that are no percentage. */
export function isNone(value: IntOrPercent | undefined): boolean {
  return value === undefined || (typeof value === 'number' ? value : (percentOf(value) ?? 0)) === 0;
}

/** What a value means for a whole of `total`: percentages are rounded up or down to a whole number. */
export function resolveIntOrPercent(value: IntOrPercent, total: number, round: 'up' | 'down'): number {
  const percent = percentOf(value);
  if (percent === undefined) return typeof value === 'number' ? value : 0;
  const exact = (percent * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
