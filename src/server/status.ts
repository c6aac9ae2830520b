import { ApiError, CompactedError, ParseError, StoreError, type StatusDetails } from '../errors.ts';

/** Kubernetes' `Status` object. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: object;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

export function failure(code: number, reason: string, message: string, details?: StatusDetails): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    ...(reason === '' ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  };
}

/** The Status an error stands for. What is no `ApiError` says only that something failed: its details go to the log. */
export function statusOf(error: unknown): Status {
  if (error instanceof ApiError) return failure(error.status, error.reason, error.message, error.details);
  if (error instanceof ParseError) return failure(400, 'BadRequest', error.message);
  if (error instanceof CompactedError) return failure(410, 'Expired', 'The resourceVersion for the provided list or watch is too old.');
  if (error instanceof StoreError && error.retryable)
    return failure(503, 'ServiceUnavailable', 'the store cannot be reached at the moment, please try again');
  return failure(500, 'InternalError', 'Internal error occurred: the request could not be served');
}
