import { expect, test } from 'vitest';
import type { InspectedContainer } from '../../src/runtimes/docker/engine-answers.ts';
import { stateOf } from '../../src/runtimes/docker/container-state.ts';

const never = '0001-01-01T00:00:00Z';

function inspected(state: Partial<InspectedContainer['State']>): InspectedContainer {
  return {
    Id: 'c',
    Name: '/c',
    Created: '2030-01-01T00:00:00Z',
    Image: 'i',
    Config: {},
    State: {
      Status: 'exited',
      Running: false,
      ExitCode: 0,
      StartedAt: '2030-01-01T00:00:01Z',
      FinishedAt: '2030-01-01T00:00:02Z',
      ...state,
    },
  };
}

test.each([
  ['an end after its start', {}, 1000, 2000],
  ['an end that the engine noted before the start of a short container', { FinishedAt: '2030-01-01T00:00:00.999Z' }, 1000, 1000],
  ['an end of which the engine has no time', { FinishedAt: never }, 1000, 1000],
  ['a container that never ran', { StartedAt: never, FinishedAt: never, ExitCode: 127 }, 0, 0],
])('%s', (_name, state, startedAfterMs, finishedAfterMs) => {
  const created = Date.parse('2030-01-01T00:00:00Z');
  expect(stateOf(inspected(state))).toMatchObject({
    state: 'exited',
    startedAtMs: created + startedAfterMs,
    finishedAtMs: created + finishedAfterMs,
  });
});
