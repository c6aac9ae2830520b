import { EngineError, RuntimeError } from '../../errors.ts';

/** True if the call may have been done though nobody said so, or may go well when repeated. */
export function isUncertain(error: unknown): boolean {
  if (error instanceof EngineError) return error.status === 0 || error.status >= 500;
  return error instanceof RuntimeError && error.code === 'RUNTIME_DEADLINE';
}

export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof EngineError && statuses.includes(error.status);
}

/** True if a container is gone or does not run, so that there is nothing to signal. Podman 4 has no status of its own for it. */
export const isNotRunning = (error: unknown): boolean =>
  hasStatus(error, 404, 409) || (hasStatus(error, 500) && /container state improper/.test((error as Error).message));
