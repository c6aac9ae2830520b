import { StoreError } from '../errors.ts';

/** gRPC's status codes that etcd uses. */
export const grpcStatus = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  outOfRange: 11,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** What grpc-js rejects with. */
export interface GrpcError extends Error {
  readonly code: number;
  readonly details: string;
}

/** Another endpoint may do better, or the same one a little later. */
export function isConnectionTrouble({ code }: GrpcError): boolean {
  const { cancelled, unknown, deadlineExceeded, internal, unavailable } = grpcStatus;
  return [cancelled, unknown, deadlineExceeded, internal, unavailable].includes(code as 1);
}

/** The token has run out: a new one helps. */
export function isStaleToken({ code, details }: GrpcError): boolean {
  return code === grpcStatus.unauthenticated || details.includes('invalid auth token');
}

export const isCompacted = ({ code, details }: GrpcError): boolean =>
  code === grpcStatus.outOfRange && details.includes('has been compacted');

/** What etcd refused, in the store's words. */
export function storeErrorOf(error: GrpcError, what: string): StoreError {
  const { code, details } = error;
  if (code === grpcStatus.outOfRange && details.includes('future revision')) {
    return new StoreError('STORE_FUTURE_REVISION', `etcd: ${what}: this revision has not happened yet`, { cause: error, retryable: true });
  }
  if (code === grpcStatus.resourceExhausted && details.includes('space exceeded')) {
    const help = 'compact and defragment it, or raise its quota, then disarm the alarm';
    return new StoreError('STORE_FULL', `etcd: ${what}: its database is full: ${help}`, { cause: error, retryable: true });
  }
  if (code === grpcStatus.permissionDenied || code === grpcStatus.unauthenticated || details.includes('authentication failed')) {
    return new StoreError('STORE_ACCESS_DENIED', `etcd: ${what}: user or permission refused: ${details}`, { cause: error });
  }
  // Below gRPC's own limit etcd says itself that a request is too large, as an invalid argument.
  const tooLarge = code === grpcStatus.resourceExhausted && details.includes('larger than max');
  if (code === grpcStatus.invalidArgument || tooLarge)
    return new StoreError('STORE_REFUSED', `etcd: ${what}: ${details}`, { cause: error });
  return new StoreError('STORE_UNREACHABLE', `etcd: ${what}: ${details || error.message}`, { cause: error, retryable: true });
}
