import type { Model } from './linearizability.ts';

/** What a key holds: the number of the write that made it, and its revision (undefined if nobody has seen it yet). */
export interface KeyState {
  /** 0: the key does not exist. */
  readonly written: number;
  readonly revision: number | undefined;
  /** Nothing that comes later may have a smaller revision. */
  readonly floor: number;
}

export type KeyInput =
  | { readonly type: 'put'; readonly expected: number; readonly written: number }
  | { readonly type: 'delete'; readonly expected: number }
  | { readonly type: 'get' };

export type KeyOutput =
  /** The write was made, at this revision. */
  | { readonly made: number }
  /** What the key held: the answer to a read, or the reason of a refusal. */
  | { readonly found: { readonly written: number; readonly revision: number } | undefined; readonly refused: boolean };

/** The state if the key is found as described, or undefined if it cannot be. */
function seen(state: KeyState, written: number, revision: number): KeyState | undefined {
  if (state.written !== written) return undefined;
  if (state.revision === undefined) return revision > state.floor ? { written, revision, floor: revision } : undefined;
  return state.revision === revision ? state : undefined;
}

/** The state if the key is at `expected`, or undefined if it cannot be. */
function comparedTo(state: KeyState, expected: number): KeyState | undefined {
  if (expected === 0) return state.written === 0 ? state : undefined;
  return state.written === 0 ? undefined : seen(state, state.written, expected);
}

/** One key with compare-and-swap on its revision. */
export const compareAndSwapModel: Model<KeyState, KeyInput, KeyOutput> = {
  initial: { written: 0, revision: 0, floor: 0 },

  step(state, input, output) {
    if (input.type === 'get' || (output !== undefined && 'found' in output)) {
      const found = output !== undefined && 'found' in output ? output.found : undefined;
      if (output === undefined) return state;
      const after = found === undefined ? (state.written === 0 ? state : undefined) : seen(state, found.written, found.revision);
      if (after === undefined || input.type === 'get') return after;
      // A refusal is right only if the compare does not hold, or if there is nothing to delete.
      const holds = (found?.revision ?? 0) === input.expected && !(input.type === 'delete' && found === undefined);
      return holds ? undefined : after;
    }
    const before = comparedTo(state, input.expected);
    if (before === undefined || (input.type === 'delete' && before.written === 0)) return undefined;
    const revision = output?.made;
    if (revision !== undefined && revision <= before.floor) return undefined;
    const written = input.type === 'put' ? input.written : 0;
    return { written, revision: written === 0 ? 0 : revision, floor: revision ?? before.floor };
  },

  fingerprint: (state) => `${state.written}@${state.revision ?? '?'}>${state.floor}`,
};
