import type { FieldErrors } from '../api/field-errors.ts';

/** No element `..`, so that nobody climbs out of a volume. */
export function validateNoBacksteps(path: string, at: string, errors: FieldErrors): void {
  if (path.split('/').includes('..')) errors.invalid(at, path, "must not contain '..'");
}

/** A relative path that stays below where it starts. */
export function validateDescendingPath(path: string, at: string, errors: FieldErrors): void {
  if (path.startsWith('/')) errors.invalid(at, path, 'must be a relative path');
  validateNoBacksteps(path, at, errors);
}

/** As a descending path, and not beginning with `..`, which is kept for the volume's own links. */
export function validateVolumePath(path: string, at: string, errors: FieldErrors): void {
  validateDescendingPath(path, at, errors);
  if (path.startsWith('..') && path !== '..' && !path.startsWith('../')) errors.invalid(at, path, "must not start with '..'");
}
