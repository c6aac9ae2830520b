/** The object an error is about: enough to find it again. */
export interface ObjectRef {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  /** The part of the object that is meant: `spec.containers{web}`. */
  readonly fieldPath?: string;
}

export interface CoxswainErrorOptions {
  readonly cause?: unknown;
  readonly object?: ObjectRef;
  readonly retryable?: boolean;
}

/** The base of every error this package throws: a stable `code`, whether a repeat can help, and the object concerned. */
export class CoxswainError extends Error {
  readonly code: string;
  readonly retryable: boolean;
  readonly object: ObjectRef | undefined;

  constructor(code: string, message: string, options: CoxswainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.object = options.object;
  }
}

/** One reason why a field was refused, in Kubernetes' words (`FieldValueRequired`, `FieldValueInvalid`, ...). */
export interface FieldCause {
  readonly reason: string;
  readonly message: string;
  /** Absent if it is about no field in particular. */
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly FieldCause[];
  readonly retryAfterSeconds?: number;
}

/**
 * A refusal by the API, carrying what Kubernetes' `Status` carries. `code` is `API_<reason>` and `status` the HTTP code.
 * The subclasses name the cases a program handles.
 */
export class ApiError extends CoxswainError {
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;

  constructor(status: number, reason: string, message: string, details?: StatusDetails, options: CoxswainErrorOptions = {}) {
    super(reason === '' ? 'API_UNKNOWN' : `API_${reason}`, message, {
      retryable: status === 409 || status === 429 || status >= 500,
      ...options,
    });
    this.status = status;
    this.reason = reason;
    this.details = details;
  }
}

export class NotFoundError extends ApiError {
  constructor(message: string, details?: StatusDetails) {
    super(404, 'NotFound', message, details);
  }
}

export class AlreadyExistsError extends ApiError {
  constructor(message: string, details?: StatusDetails) {
    super(409, 'AlreadyExists', message, details, { retryable: false });
  }
}

/** The object changed since it was read: read it again and repeat. */
export class ConflictError extends ApiError {
  constructor(message: string, details?: StatusDetails) {
    super(409, 'Conflict', message, details);
  }
}

/** One or more fields were refused; `details.causes` has them all. */
export class InvalidError extends ApiError {
  constructor(message: string, details?: StatusDetails, options: CoxswainErrorOptions = {}) {
    super(422, 'Invalid', message, details, options);
  }

  get causes(): readonly FieldCause[] {
    return this.details?.causes ?? [];
  }
}

export class BadRequestError extends ApiError {
  constructor(message: string, details?: StatusDetails) {
    super(400, 'BadRequest', message, details);
  }
}

export class ForbiddenError extends ApiError {
  constructor(message: string, details?: StatusDetails) {
    super(403, 'Forbidden', message, details);
  }
}

/** The revision asked for is no longer kept: list again and go on from there. */
export class ExpiredError extends ApiError {
  constructor(message: string) {
    super(410, 'Expired', message, undefined, { retryable: true });
  }
}

/** A wait ended before what it waited for happened. `evidence` is what a person would look at next. */
export class WaitTimeoutError extends CoxswainError {
  readonly evidence: string;

  constructor(message: string, evidence: string, options: CoxswainErrorOptions = {}) {
    super('WAIT_TIMEOUT', evidence === '' ? message : `${message}\n${evidence}`, options);
    this.evidence = evidence;
  }
}

/** What was waited for can no longer happen; said at once instead of at the end of the time allowed. */
export class WaitFailedError extends CoxswainError {
  readonly evidence: string;

  constructor(message: string, evidence: string, options: CoxswainErrorOptions = {}) {
    super('WAIT_FAILED', evidence === '' ? message : `${message}\n${evidence}`, options);
    this.evidence = evidence;
  }
}

/** `settle()` gave up: these controllers keep writing. */
export class NotSettlingError extends CoxswainError {
  readonly controllers: readonly string[];

  constructor(controllers: readonly string[], passes: number) {
    super('NOT_SETTLING', `the cluster did not settle within ${passes} passes: ${controllers.join(', ') || 'nothing named'} kept writing`);
    this.controllers = controllers;
  }
}

/** The cluster, store, runtime or handle was used after it was closed. */
export class ClosedError extends CoxswainError {
  constructor(what: string) {
    super('CLOSED', `${what} is closed`);
  }
}

/** The caller's AbortSignal fired. */
export class AbortedError extends CoxswainError {
  constructor(what: string, cause?: unknown) {
    super('ABORTED', `${what} was aborted`, { cause });
  }
}

/** A text is not in the notation it should be in (quantity, selector, JSONPath, YAML); the message is Kubernetes' where it has one. */
export class ParseError extends CoxswainError {
  constructor(message: string, options: CoxswainErrorOptions = {}) {
    super('PARSE', message, options);
  }
}

/** A store could not do what it was asked. `code` says which case: see `docs/errors.md`. */
export class StoreError extends CoxswainError {}

/** The history asked for was compacted away; `compactRevision` is the oldest revision still kept. */
export class CompactedError extends StoreError {
  readonly compactRevision: number;

  constructor(compactRevision: number) {
    super('STORE_COMPACTED', `the history up to revision ${compactRevision} has been compacted: list again and go on from there`, {
      retryable: true,
    });
    this.compactRevision = compactRevision;
  }
}

/** A runtime could not do what it was asked. `code` says which case (`RUNTIME_IMAGE_NOT_FOUND`, ...): see `docs/errors.md`. */
export class RuntimeError extends CoxswainError {}

/** What a container engine refused (`status` is its HTTP code), or did not answer at all (`status` 0: it may have been done all the same). */
export class EngineError extends RuntimeError {
  readonly status: number;

  constructor(call: string, status: number, text: string, cause?: unknown) {
    const code = status === 0 ? 'RUNTIME_UNAVAILABLE' : 'RUNTIME_ENGINE';
    const how = status === 0 ? 'did not answer' : `answered ${status}`;
    super(code, `${call}: the Docker engine ${how}: ${text}`, { retryable: status === 0 || status >= 500 || status === 409, cause });
    this.status = status;
  }
}

/** The host asked for something this machine or configuration cannot do. The message says what to change. */
export class ConfigurationError extends CoxswainError {
  constructor(message: string, options: CoxswainErrorOptions = {}) {
    super('CONFIGURATION', message, options);
  }
}
