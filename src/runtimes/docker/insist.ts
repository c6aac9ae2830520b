import type { Clock } from '../../env/clock.ts';
import { isUncertain } from './engine-answered.ts';

const pausesMs = [50, 200, 500, 1000, 2000, 4000];

/**
 * Repeats what may be repeated until the engine has answered: an answer that was lost, a connection that was cut, an engine that
 * restarts. What it refuses is refused. Ends with the caller's patience (`signal`).
 *
 * @param passes Whether an error may be gone at the next attempt; that of a call whose outcome is not known unless given.
 */
export async function insist<T>(
  clock: Clock,
  signal: AbortSignal,
  attempt: (n: number) => Promise<T>,
  passes: (error: unknown) => boolean = isUncertain,
): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      return await attempt(n);
    } catch (error) {
      if (!passes(error) || signal.aborted || n >= pausesMs.length) throw error;
      await clock.sleep(pausesMs[n]!, signal);
    }
  }
}
