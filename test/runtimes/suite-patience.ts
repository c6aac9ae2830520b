import { AssertionError } from 'node:assert';
import { SystemClock } from 'coxswain';

/** How long a test waits for what has to happen: it ends what hangs, and says what it was; how soon something happens it does not judge. */
export const patienceMs = 120_000;

/** Resolves like `promise`, or rejects once `ms` have gone by. */
export async function within<T>(promise: Promise<T>, what: string, ms = patienceMs): Promise<T> {
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
