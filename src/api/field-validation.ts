import { BadRequestError, InvalidError } from '../errors.ts';
import type { StructureReading } from './structure.ts';

const shownMax = 10_000;

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
    throw new BadRequestError(
      `${prefix}: ${reading.typeProblems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`)).join(', ')}`,
    );
  }
  if (fieldValidation === 'Ignore') return { value: reading.value, warnings: [] };
  const objections = [
    ...duplicateFields.map((path) => `duplicate field ${JSON.stringify(path)}`),
    ...reading.unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`),
  ];
  if (objections.length > 0 && fieldValidation === 'Strict')
    throw new BadRequestError(`${prefix}: strict decoding error: ${objections.join(', ')}`);
  return { value: reading.value, warnings: objections };
}

/**
 * The same for what a patch made: a result that cannot be read is the patch's fault, and Kubernetes says so with a 422 at the
 * field `patch`. `shown` is what the message shows: the patched object, or the patch.
 */
export function acceptPatched(reading: StructureReading, shown: unknown, fieldValidation: FieldValidation): Accepted {
  const unknown = reading.unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`);
  const problems = reading.typeProblems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`));
  if (problems.length > 0) throw invalidPatch(shown, problems.join(', '));
  if (unknown.length > 0 && fieldValidation === 'Strict') throw invalidPatch(shown, `strict decoding error: ${unknown.join(', ')}`);
  return { value: reading.value, warnings: fieldValidation === 'Warn' ? unknown : [] };
}

/** The refusal of a patch whose result is no object of the kind. */
export function invalidPatch(shown: unknown, detail: string): InvalidError {
  const text = JSON.stringify(shown) ?? 'null';
  const message = `Invalid value: ${JSON.stringify(text.length <= shownMax ? text : `${text.slice(0, shownMax)}...`)}: ${detail}`;
  return new InvalidError(` "" is invalid: patch: ${message}`, { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] });
}
