import { AlreadyExistsError, ApiError, ConflictError, ForbiddenError, InvalidError, NotFoundError } from '../errors.ts';
import type { FieldErrors } from './field-errors.ts';
import { resourceName, type KindDescriptor } from './kind.ts';

/** The errors of the API in Kubernetes' words, with Kubernetes' details. */

type Resource = Pick<KindDescriptor, 'group' | 'plural' | 'kind'>;

const details = (kind: Resource, name: string): { name?: string; group?: string; kind: string } => ({
  ...(name === '' ? {} : { name }),
  ...(kind.group === '' ? {} : { group: kind.group }),
  kind: kind.plural,
});

export function notFound(kind: Resource, name: string): NotFoundError {
  return new NotFoundError(`${resourceName(kind)} ${JSON.stringify(name)} not found`, details(kind, name));
}

export function alreadyExists(kind: Resource, name: string, beingDeleted = false): AlreadyExistsError {
  const before = beingDeleted ? 'object is being deleted: ' : '';
  return new AlreadyExistsError(`${before}${resourceName(kind)} ${JSON.stringify(name)} already exists`, details(kind, name));
}

export function modified(kind: Resource, name: string): ConflictError {
  return conflict(kind, name, 'the object has been modified; please apply your changes to the latest version and try again');
}

export function conflict(kind: Resource, name: string, why: string): ConflictError {
  return new ConflictError(`Operation cannot be fulfilled on ${resourceName(kind)} ${JSON.stringify(name)}: ${why}`, details(kind, name));
}

export function forbidden(kind: Resource, name: string, why: string): ForbiddenError {
  const what = name === '' ? resourceName(kind) : `${resourceName(kind)} ${JSON.stringify(name)}`;
  return new ForbiddenError(`${what} is forbidden: ${why}`, details(kind, name));
}

/** All refused fields in one error; Kubernetes names the kind, not the resource, in its details. */
export function invalid(kind: Resource, name: string, errors: FieldErrors): InvalidError {
  const texts = [...new Set(errors.causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const list = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`;
  return new InvalidError(`${kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`} ${JSON.stringify(name)} is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    ...(kind.kind === '' ? {} : { kind: kind.kind }),
    causes: errors.causes,
  });
}

export function methodNotAllowed(kind: Resource, verb: string): ApiError {
  return new ApiError(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind ${JSON.stringify(resourceName(kind))}`, {
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.plural,
  });
}
