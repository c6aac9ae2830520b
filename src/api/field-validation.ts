import { BadRequestError, InvalidError, ParseError } from '../errors.ts';
import { goText } from './json-values.ts';
import type { StructureReading, TypeProblem } from './structure.ts';

const shownMax = 10_000;

/** What happens to fields an object's kind does not have: refused, pruned and told, or pruned. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

export interface Accepted {
  readonly value: unknown;
  /** For the `Warning` header: `unknown field "spec.foo"`. */
  readonly warnings: readonly string[];
}

/**
 * Decides over what was read: values of a wrong type are always refused, unknown and duplicate fields as `fieldValidation` says;
 * all that is refused is in one BadRequestError.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 */
export function acceptReading(
  reading: StructureReading,
  kind: { readonly kind: string; readonly version: string },
  fieldValidation: FieldValidation,
  duplicates: readonly string[] = [],
): Accepted {
  const prefix = `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}`;
  const problems = textsOf(reading.typeProblems);
  const objections = [...duplicates, ...reading.unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`)];
  if (objections.length > 0 && fieldValidation === 'Strict') problems.push(`strict decoding error: ${objections.join(', ')}`);
  if (problems.length > 0) throw new BadRequestError(`${prefix}: ${problems.join(', ')}`);
  return { value: reading.value, warnings: fieldValidation === 'Warn' ? objections : [] };
}

/**
 * The same for what a patch made: a result that cannot be read is the patch's fault, and Kubernetes says so with a 422 at the
 * field `patch`. `shown` is what the message shows: the patched object; a strategic merge patch is shown itself.
 */
export function acceptPatched(reading: StructureReading, shown: unknown, fieldValidation: FieldValidation, patch?: unknown): Accepted {
  const unknown = reading.unknownFields.map((path) => `unknown field ${JSON.stringify(path)}`);
  const [first] = reading.typeProblems;
  if (patch !== undefined && first?.restoring !== undefined) throw refusedPatch(goText(patch), first.restoring);
  const problems = textsOf(reading.typeProblems);
  if (unknown.length > 0 && fieldValidation === 'Strict') problems.push(`strict decoding error: ${unknown.join(', ')}`);
  if (problems.length > 0) throw invalidPatch(shown, problems.join(', '));
  return { value: reading.value, warnings: fieldValidation === 'Warn' ? unknown : [] };
}

const textsOf = (problems: readonly TypeProblem[]): string[] =>
  problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));

/** The refusal of a patch whose result is no object of the kind. */
export function invalidPatch(shown: unknown, detail: string): InvalidError {
  return refusedPatch(JSON.stringify(shown) ?? 'null', detail);
}

function refusedPatch(text: string, detail: string): InvalidError {
  const message = `Invalid value: ${JSON.stringify(text.length <= shownMax ? text : `${text.slice(0, shownMax)}...`)}: ${detail}`;
  return new InvalidError(
    ` "" is invalid: patch: ${message}`,
    { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] },
    { cause: new ParseError(detail) },
  );
}
