import { setMaxListeners } from 'node:events';
import { AbortedError, RuntimeError } from '../errors.ts';
import type { Clock } from './clock.ts';

/** How long somebody waits for a call, in milliseconds, and what makes him wait no longer. */
export interface CallPatience {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A call took longer than its deadline. What it began may still happen: list before repeating. */
export const deadlineExceeded = (call: string, timeoutMs: number): RuntimeError =>
  new RuntimeError('RUNTIME_DEADLINE', `${call} did not end within ${timeoutMs} ms`, { retryable: true });

/**
 * Lets a call end at its deadline or when it is aborted, whatever the work is doing. `work` gets a signal that fires then, so that it
 * can stop; what it did until then stays, and a repeat of the call finds it.
 *
 * @throws RuntimeError `RUNTIME_DEADLINE`; AbortedError.
 */
export function withDeadline<T>(
  clock: Clock,
  call: string,
  defaultTimeoutMs: number,
  options: CallPatience | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const outer = options?.signal;
  if (outer?.aborted === true) return Promise.reject(new AbortedError(call, outer.reason));
  const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs;
  const controller = new AbortController();
  // A call may ask about any number of things at a time, each of which listens.
  setMaxListeners(0, controller.signal);
  return new Promise<T>((resolve, reject) => {
    const end = (error: Error): void => {
      reject(error);
      controller.abort(error);
    };
    const onAbort = (): void => end(new AbortedError(call, outer?.reason));
    const timer = clock.schedule(clock.now() + timeoutMs, () => end(deadlineExceeded(call, timeoutMs)));
    outer?.addEventListener('abort', onAbort, { once: true });
    void work(controller.signal)
      .then(resolve, reject)
      .finally(() => {
        timer.cancel();
        outer?.removeEventListener('abort', onAbort);
      });
  });
}
