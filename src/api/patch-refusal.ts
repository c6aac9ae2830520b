import { ApiError, InvalidError, ParseError } from '../errors.ts';
import type { KindDescriptor } from './kind.ts';
import type { ObjectName } from './object.ts';

/**
 * Over HTTP a patch that does not fit is refused in Kubernetes' words: without the reason, or behind the whole object. A program is
 * told the object and the reason. Every other error stays what it is.
 */
export function patchRefused(kind: KindDescriptor, at: ObjectName, error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status !== 422 || !(error.cause instanceof ParseError)) return error;
  const { message } = error.cause;
  return new InvalidError(
    `${kind.kind} ${JSON.stringify(at.name)} cannot be patched: ${message}`,
    {
      name: at.name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.kind,
      causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }],
    },
    { cause: error },
  );
}
