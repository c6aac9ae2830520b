import { FieldErrors } from '../api/field-errors.ts';
import { ConfigurationError } from '../errors.ts';

/** Throws what the check finds wrong with the arguments of a plugin, each with its field. */
export function checkArgs(plugin: string, check: (errors: FieldErrors) => void): void {
  const errors = new FieldErrors();
  check(errors);
  if (errors.empty) return;
  throw new ConfigurationError(`${plugin}: ${errors.causes.map(({ field, message }) => `${field}: ${message}`).join('; ')}`);
}
