import type { ContainerState } from '../runtime.ts';
import type { InspectedContainer } from './engine-answers.ts';

/** An instant in the engine's notation, in milliseconds; 0 for the year 1, which stands for never. */
export function instantOf(text: string): number {
  const at = Date.parse(text);
  return Number.isNaN(at) || at < 0 ? 0 : at;
}

/** What the engine says of a container, in the contract's words; the message of an end is still to be added. */
export function stateOf({ State, Created }: InspectedContainer): ContainerState {
  const startedAtMs = instantOf(State.StartedAt);
  switch (State.Status) {
    case 'running':
    case 'paused':
    case 'restarting':
      return { state: 'running', startedAtMs };
    case 'created':
      // A start that failed leaves its reason behind.
      if ((State.Error ?? '') === '') return { state: 'created' };
      break;
    case 'exited':
    case 'dead':
    case 'removing':
      break;
    default:
      return { state: 'unknown' };
  }
  if (State.Status === 'dead' && startedAtMs === 0 && State.Error === '') return { state: 'unknown' };
  const createdAtMs = instantOf(Created);
  return {
    state: 'exited',
    startedAtMs: startedAtMs === 0 ? createdAtMs : startedAtMs,
    // An engine may note the end of a short container before it has noted its start: nothing ends before it began.
    finishedAtMs: Math.max(createdAtMs, startedAtMs, instantOf(State.FinishedAt)),
    exitCode: State.ExitCode,
    signal: undefined,
    reason: reasonOf(State, startedAtMs === 0),
    message: State.Error ?? '',
  };
}

function reasonOf({ OOMKilled, ExitCode }: InspectedContainer['State'], neverRan: boolean): string {
  if (OOMKilled === true) return 'OOMKilled';
  if (neverRan) return 'ContainerCannotRun';
  return ExitCode === 0 ? 'Completed' : 'Error';
}
