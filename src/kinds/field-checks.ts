import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import { goValue } from '../api/go-value.ts';
import { isCidr, isIpAddress, plainAddress } from '../api/ip-address.ts';
import { checkDns1123Label, checkDns1123Subdomain, checkPortName, checkQualifiedName } from '../api/names.ts';

/*
 * Checks of single values that many kinds share, in Kubernetes' words.
 */

export const int32Max = 2_147_483_647;
const fileModeMax = 0o777;

/** How Kubernetes words a range of whole numbers. */
export function inclusiveRange(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

function isWithin(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

export function validateRange(value: number, low: number, high: number, path: string, errors: FieldErrors): void {
  if (!isWithin(value, low, high)) errors.invalid(path, value, inclusiveRange(low, high));
}

export function validateNonNegative(value: number | undefined, path: string, errors: FieldErrors): void {
  if (value !== undefined && value < 0) errors.invalid(path, value, 'must be greater than or equal to 0');
}

export function validatePortNumber(value: number, path: string, errors: FieldErrors): void {
  validateRange(value, 1, 65_535, path, errors);
}

/** A port by number, or by the name of a container's port. */
export function validatePort(value: number | string, path: string, errors: FieldErrors): void {
  if (typeof value === 'number') return validatePortNumber(value, path, errors);
  for (const problem of checkPortName(value)) errors.invalid(path, value, problem);
}

/** A user or group id. */
export function validateId(value: number | undefined, path: string, errors: FieldErrors): void {
  if (value !== undefined) validateRange(value, 0, int32Max, path, errors);
}

export function validateFileMode(value: number | undefined, path: string, errors: FieldErrors): void {
  if (value !== undefined && !isWithin(value, 0, fileModeMax)) {
    errors.invalid(path, value, 'must be a number between 0 and 0777 (octal), both inclusive');
  }
}

/** One of a few words; `''` and undefined are missing. */
export function validateChoice(value: string | undefined, choices: readonly string[], path: string, errors: FieldErrors): void {
  if (value === undefined || value === '') errors.required(path);
  else if (!choices.includes(value)) errors.notSupported(path, value, choices);
}

/** One of a few words, or nothing. */
export function validateOptionalChoice(value: string | undefined, choices: readonly string[], path: string, errors: FieldErrors): void {
  if (value !== undefined && !choices.includes(value)) errors.notSupported(path, value, choices);
}

export function validateRequired(value: string | undefined, path: string, errors: FieldErrors): void {
  if (value === undefined || value === '') errors.required(path);
}

type NameCheck = (value: string) => readonly string[];

export function validateName(check: NameCheck, value: string, path: string, errors: FieldErrors): void {
  for (const problem of check(value)) errors.invalid(path, value, problem);
}

export function validateDnsLabel(value: string, path: string, errors: FieldErrors): void {
  validateName(checkDns1123Label, value, path, errors);
}

export function validateDnsSubdomain(value: string, path: string, errors: FieldErrors): void {
  validateName(checkDns1123Subdomain, value, path, errors);
}

/** Also the check of the key of a label. */
export function validateQualifiedName(value: string, path: string, errors: FieldErrors): void {
  validateName(checkQualifiedName, value, path, errors);
}

export function validateIp(value: string, path: string, errors: FieldErrors): void {
  if (!isIpAddress(value)) errors.invalid(path, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
}

export function validateCidr(value: string, path: string, errors: FieldErrors): void {
  if (!isCidr(value)) errors.invalid(path, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
}

/** An address of another machine: not unspecified, of the loopback, or link-local. */
export function validateNonSpecialIp(value: string, path: string, errors: FieldErrors): void {
  if (!isIpAddress(value)) return errors.invalid(path, value, 'must be a valid IP address');
  const address = plainAddress(value);
  if (/^(0\.0\.0\.0|[0:]+)$/.test(address)) errors.invalid(path, value, `may not be unspecified (${value})`);
  if (!errors.builtIn && (address.startsWith('127.') || /^[0:]*:0*1$/.test(address)))
    errors.invalid(path, value, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (address.startsWith('169.254.') || /^fe[89ab]/.test(address)) {
    errors.invalid(path, value, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  }
  if (address.startsWith('224.0.0.') || /^ff[0-9a-f]2:/.test(address)) {
    errors.invalid(path, value, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  }
}

export const fieldImmutable = 'field is immutable';

/** Refuses any change of a field; `type` is Go's name for that of a value that is neither text nor number. */
export function validateUnchanged(value: unknown, old: unknown, path: string, errors: FieldErrors, type?: string): void {
  if (!deepEqual(value, old))
    errors.invalid(path, type === undefined || value === undefined ? value : goValue(type, value), fieldImmutable);
}
