import { EngineError, RuntimeError } from '../../errors.ts';

/** True if the call may have been done though nobody said so, or may go well when repeated. */
export function isUncertain(error: unknown): boolean {
  if (error instanceof EngineError) return error.status === 0 || error.status >= 500;
  return error instanceof RuntimeError && error.code === 'RUNTIME_DEADLINE';
}

export function hasStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof EngineError && statuses.includes(error.status);
}
