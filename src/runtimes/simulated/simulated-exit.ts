/** How a container ended. Shared between containers that ended the same way. */
export interface SimulatedExit {
  readonly exitCode: number;
  readonly signal: number | undefined;
  readonly reason: string;
  readonly message: string;
}

export const killed: SimulatedExit = { exitCode: 137, signal: 9, reason: 'Error', message: '' };
export const outOfMemory: SimulatedExit = { exitCode: 137, signal: 9, reason: 'OOMKilled', message: '' };

export function exitOf(exitCode = 1, reason?: 'Error' | 'OOMKilled'): SimulatedExit {
  if (reason === 'OOMKilled') return outOfMemory;
  if (exitCode === 137) return killed;
  return { exitCode, signal: undefined, reason: exitCode === 0 ? 'Completed' : 'Error', message: '' };
}
