import { AbortedError } from '../errors.ts';

/**
 * Does something unless the signal has fired, and rejects with `AbortedError` as soon as it fires: nobody waits for a store that
 * does not answer. What was under way by then may still take effect.
 */
export function abortable<T>(what: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
  return signal === undefined ? act() : raced(what, signal, act);
}

async function raced<T>(what: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw new AbortedError(what, signal.reason);
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new AbortedError(what, signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([act(), aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
