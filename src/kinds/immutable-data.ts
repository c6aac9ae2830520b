import { deepEqual } from '../api/deep-equal.ts';
import type { FieldErrors } from '../api/field-errors.ts';

/** What all values of a ConfigMap or Secret may be together: 1 MiB. */
export const dataBytesMax = 1024 * 1024;

/** How many bytes a base64 text stands for. */
export function base64Bytes(text: string): number {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

interface Immutable {
  readonly immutable?: boolean;
}

/** An object marked immutable stays so, with its data. */
export function validateImmutable<T extends Immutable>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
  errors: FieldErrors,
): void {
  if (old.immutable !== true) return;
  const words = 'field is immutable when `immutable` is set';
  if (object.immutable !== true) errors.forbidden('immutable', words);
  for (const field of fields) if (!deepEqual(object[field], old[field])) errors.forbidden(field, words);
}
