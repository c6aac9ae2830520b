import { BadRequestError } from '../errors.ts';
import type { StructureReading } from './structure.ts';

/** What happens to fields an object's kind does not have: refused, pruned and told, or pruned. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Accepted {
  readonly value: unknown;
  /** For the `Warning` header: `unknown field "spec.foo"`. */
  readonly warnings: readonly string[];
}

/**
 * Decides over what was read: values of a wrong type are always refused, all of them in one BadRequestError; unknown and
 * duplicate fields as `fieldValidation` says.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 */
export function acceptReading(
  reading: StructureReading,
  kind: { readonly kind: string; readonly version: string },
  fieldValidation: FieldValidation,
  duplicateFields: readonly string[] = [],
): Accepted {
  const prefix = `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`;
  if (reading.typeProblems.length > 0) {
    throw new BadRequestError(`${prefix}: ${reading.typeProblems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`)).join(', ')}`);
  }
  if (fieldValidation === 'Ignore') return { value: reading.value, warnings: [] };
  const objections = [
    ...duplicateFields.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...reading.unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (objections.length > 0 && fieldValidation === 'Strict') throw new BadRequestError(`${prefix}: strict decoding error: ${objections.join(', ')}`);
  return { value: reading.value, warnings: objections };
}
