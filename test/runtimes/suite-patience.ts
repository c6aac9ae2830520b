import { AssertionError } from 'node:assert';
import { SystemClock } from 'coxswain';

/** Resolves like `promise`, or rejects once `ms` have gone by. */
export async function within<T>(promise: Promise<T>, what: string, ms = 15_000): Promise<T> {
  const patience = new AbortController();
  const tooLate = new SystemClock().sleep(ms, patience.signal).then(() => {
    throw new AssertionError({ message: `${what}: did not happen within ${ms} ms` });
  });
  tooLate.catch(() => undefined);
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    patience.abort();
  }
}
