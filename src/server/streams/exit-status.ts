import { ApiError } from '../../errors.ts';

/** The `Status` in which an exec or attach ends, on the error channel (protocols v4 and v5). */
export interface ExitStatus {
  readonly metadata: object;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: { readonly causes: readonly { readonly reason?: string; readonly message: string }[] };
  readonly code?: number;
}

/** How a command ended that could be run. */
export function exitStatus(exitCode: number): ExitStatus {
  if (exitCode === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with non-zero exit code: exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** A command that could not be run, or was lost. */
export function failedStatus(error: unknown): ExitStatus {
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError) return { metadata: {}, status: 'Failure', message: why, reason: error.reason, code: error.status };
  const message = `error executing command in container: ${why}`;
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  };
}
