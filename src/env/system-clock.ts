import { AbortedError } from '../errors.ts';
import type { Clock, Instant, SliceMeter, Timer } from './clock.ts';
import { turn } from './system-turn.ts';

/** setTimeout's limit: a longer wait is made of several. */
const maxTimeoutMs = 2 ** 31 - 1;

/** The machine's clock. Its timers keep the process alive while they are set. */
export class SystemClock implements Clock {
  readonly virtual = false;

  now(): Instant {
    return Date.now();
  }

  schedule(at: Instant, callback: () => void): Timer {
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const left = at - Date.now();
      handle = setTimeout(left > maxTimeoutMs ? arm : callback, Math.min(Math.max(left, 0), maxTimeoutMs));
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new AbortedError('sleep', signal.reason));
        return;
      }
      const onAbort = (): void => {
        timer.cancel();
        reject(new AbortedError('sleep', signal?.reason));
      };
      const timer = this.schedule(Date.now() + ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  turn(): Promise<void> {
    return turn();
  }
}

/** The monotonic clock that meters slices. */
export class SystemSliceMeter implements SliceMeter {
  elapsedMs(): number {
    return performance.now();
  }
}
