import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterProbe, newProbeState, probeAt, withNumericPort, type ProbeKind, type ProbeState } from '../../src/kubelet/probe-state.ts';

const after = (state: ProbeState, outcomes: string, probe = {}): ProbeState =>
  outcomes
    .split('')
    .reduce(
      (each, letter, i) => afterProbe(each, probe, letter === 's' ? 'success' : letter === 'f' ? 'failure' : 'error', i * 10_000),
      state,
    );

describe('probe states', () => {
  test.each<[ProbeKind, string, object, ProbeState['result'], boolean]>([
    ['readiness', '', {}, 'failure', false],
    ['readiness', 's', {}, 'success', false],
    ['readiness', 's', { successThreshold: 2 }, 'failure', false],
    ['readiness', 'sff', {}, 'success', false],
    ['readiness', 'sfff', {}, 'failure', false],
    ['readiness', 'sffsff', {}, 'success', false],
    ['readiness', 'se', { failureThreshold: 1 }, 'success', false],
    ['liveness', '', {}, 'success', false],
    ['liveness', 'ff', {}, 'success', false],
    ['liveness', 'fff', {}, 'failure', true],
    ['liveness', 'f', { failureThreshold: 1 }, 'failure', true],
    ['startup', '', {}, 'unknown', false],
    ['startup', 'ff', {}, 'unknown', false],
    ['startup', 'ffs', {}, 'success', true],
    ['startup', 'fff', {}, 'failure', true],
  ])('%s after %j with %o: %s', (kind, outcomes, probe, result, onHold) => {
    expect(after(newProbeState(kind, probe, 0), outcomes, probe)).toMatchObject({ result, onHold });
  });

  test('liveness and readiness wait for the start; nothing is asked twice at once', () => {
    expect(probeAt(newProbeState('liveness', {}, 0), false)).toBeUndefined();
    expect(probeAt(newProbeState('liveness', { initialDelaySeconds: 3 }, 0), true)).toBe(3000);
    expect(probeAt(newProbeState('startup', {}, 0), false)).toBe(0);
    expect(probeAt({ ...newProbeState('startup', {}, 0), inFlight: true }, false)).toBeUndefined();
  });

  test('what is not ready is asked again soon, a few times, then every period', () => {
    const probe = { periodSeconds: 10 };
    let state = newProbeState('readiness', probe, 0);
    const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
      const at = state.nextAtMs;
      state = afterProbe(state, probe, 'failure', at);
      return state.nextAtMs - at;
    });
    expect(waits).toEqual([50, 100, 200, 400, 800, 10_000, 10_000]);
    const alive = afterProbe(newProbeState('liveness', probe, 0), probe, 'failure', 0);
    expect(alive.nextAtMs).toBe(10_000);
    const wasReady = after(newProbeState('readiness', probe, 0), 's', probe);
    expect(afterProbe(wasReady, probe, 'failure', wasReady.nextAtMs).nextAtMs).toBe(wasReady.nextAtMs + 10_000);
  });

  test('an adopted run goes on as it was', () => {
    expect(newProbeState('readiness', {}, 0, 'success').result).toBe('success');
    expect(newProbeState('startup', {}, 0, 'success').onHold).toBe(true);
  });

  test('the next probe comes a period later, and never in the past', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 30 }),
        (delays, periodSeconds) => {
          let state = newProbeState('readiness', {}, 0);
          let now = 0;
          for (const delay of delays) {
            now = Math.max(now, state.nextAtMs) + delay;
            const before = state.nextAtMs;
            state = afterProbe(state, { periodSeconds }, 'success', now);
            expect(state.nextAtMs).toBe(Math.max(before + periodSeconds * 1000, now));
          }
        },
      ),
    );
  });
});

describe('ports of handlers', () => {
  const container = { name: 'c', ports: [{ name: 'http', containerPort: 80 }] };
  test('by number, by name, by a number in words', () => {
    expect(withNumericPort({ httpGet: { port: 8080 } }, container)).toEqual({ httpGet: { port: 8080 } });
    expect(withNumericPort({ httpGet: { port: 'http', path: '/x' } }, container)).toEqual({ httpGet: { port: 80, path: '/x' } });
    expect(withNumericPort({ tcpSocket: { port: '9' } }, container)).toEqual({ tcpSocket: { port: 9 } });
    expect(withNumericPort({ tcpSocket: { port: 'x' } }, container)).toBe('couldn\'t find port: "x" in container "c"');
    expect(withNumericPort({ exec: { command: ['a'] } }, container)).toEqual({ exec: { command: ['a'] } });
  });
});
