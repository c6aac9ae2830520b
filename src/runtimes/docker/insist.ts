import type { Clock } from '../../env/clock.ts';
import { isUncertain } from './engine-answered.ts';

const pausesMs = [50, 200, 500, 1000, 2000, 4000];

/**
 * Repeats what may be repeated until the engine has answered: an answer that was lost, a connection that was cut, an engine that
 * restarts. What it refuses is refused. Ends with the caller's patience (`signal`).
 */
export async function insist<T>(clock: Clock, signal: AbortSignal, attempt: (n: number) => Promise<T>): Promise<T> {
  for (let n = 0; ; n++) {
    try {
      return await attempt(n);
    } catch (error) {
      if (!isUncertain(error) || signal.aborted || n >= pausesMs.length) throw error;
      await clock.sleep(pausesMs[n]!, signal);
    }
  }
}
