import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../src/env/manual-clock.ts';
import { ClosedError, RuntimeError } from '../../src/errors.ts';
import { RuntimeCalls } from '../../src/kubelet/runtime-calls.ts';

/** Calls that end when told to. */
class Pending {
  readonly ends: (() => void)[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];

  call = ({ signal }: { readonly signal?: AbortSignal }): Promise<void> => {
    this.signals.push(signal);
    return new Promise((resolve) => this.ends.push(resolve));
  };
}

const make = (virtual: boolean): { readonly clock: ManualClock; readonly calls: RuntimeCalls; readonly pending: Pending } => {
  const clock = new ManualClock();
  return { clock, calls: new RuntimeCalls({ virtual }, clock, { work: 2, pull: 1 }), pending: new Pending() };
};

describe('runtime calls', () => {
  test('a real runtime is asked to make so much at a time; what waits is counted, and what only waits is not held up', async () => {
    const { clock, calls, pending } = make(false);
    const all = Array.from({ length: 5 }, () => calls.run('work', 'x', 1000, pending.call));
    await clock.turn();
    expect(pending.ends.length).toBe(2);
    expect(calls.inFlight).toBe(5);
    void calls.run('free', 'y', 1000, pending.call);
    void calls.run('pull', 'z', 1000, pending.call);
    await clock.turn();
    expect(pending.ends.length).toBe(4);
    while (pending.ends.length > 0) {
      pending.ends.shift()!();
      await clock.turn();
    }
    await Promise.all(all);
    expect(calls.inFlight).toBe(0);
    expect(calls.nextDeadline).toBeUndefined();
  });

  test('a virtual runtime is not bounded', async () => {
    const { clock, calls, pending } = make(true);
    for (let i = 0; i < 50; i++) void calls.run('work', 'x', 1000, pending.call);
    await clock.turn();
    expect(pending.ends.length).toBe(50);
  });

  test.each([true, false])('a call that is never answered is given up, aborted, and makes room (virtual: %s)', async (virtual) => {
    const { clock, calls, pending } = make(virtual);
    const first = calls.run('pull', 'pullImage', 1000, pending.call).catch((error: unknown) => error);
    const second = calls.run('pull', 'pullImage', 60_000, pending.call);
    await clock.turn();
    clock.moveTo(calls.nextDeadline!);
    calls.expire(clock.now());
    expect(await first).toMatchObject({ code: 'RUNTIME_DEADLINE', message: 'pullImage did not end within 1000 ms', retryable: true });
    expect(pending.signals[0]?.aborted).toBe(virtual ? undefined : true);
    await clock.turn();
    expect(pending.ends.length).toBe(2);
    pending.ends[1]!();
    await second;
    expect(calls.inFlight).toBe(0);
  });

  test('an adapter that throws, or rejects with no error at all, is no different from one that rejects', async () => {
    const { calls } = make(true);
    await expect(
      calls.run('free', 'x', 1000, () => {
        throw new RangeError('odd');
      }),
    ).rejects.toThrow('odd');
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
    await expect(calls.run('free', 'x', 1000, () => Promise.reject('text' as unknown as Error))).rejects.toBeInstanceOf(RuntimeError);
    expect(calls.inFlight).toBe(0);
  });

  test('close ends every call for its caller, and refuses all others', async () => {
    const { calls, pending } = make(false);
    const ends = [calls.run('work', 'x', 1000, pending.call), calls.run('free', 'y', 1000, pending.call)].map((call) =>
      call.catch((error: unknown) => error),
    );
    await Promise.resolve();
    calls.close();
    for (const end of await Promise.all(ends)) expect(end).toBeInstanceOf(ClosedError);
    await expect(calls.run('free', 'z', 1000, pending.call)).rejects.toBeInstanceOf(ClosedError);
    expect(pending.signals.every((signal) => signal?.aborted)).toBe(true);
    expect(calls.inFlight).toBe(0);
  });
});
