import type { Clock } from '../../env/clock.ts';
import type { ProcessScanner, ScannedContainer } from './process-scanner.ts';

const roundsMax = 500;
const pauseMs = 10;

/** Sends a signal to a process, or to a group if the number is negative. False if there is nobody (any more), or it may not be. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Kills every process of a container, wherever in the machine's tree it is by now. They are stopped first and killed then, so that none
 * can make another in between; looked for again until there is none.
 *
 * @returns How many are left that cannot be killed: 0 but for those that hang inside the kernel, or belong to somebody else.
 */
export async function killTree(container: ScannedContainer, scanner: ProcessScanner, clock: Clock): Promise<number> {
  await container.group?.kill();
  sendSignal(-container.main.pid, 'SIGKILL');
  let left = 0;
  for (let round = 0; round < roundsMax; round++) {
    const members = (await scanner.find([container])).get(container.id) ?? [];
    if (members.length === 0) return 0;
    left = members.length;
    if (left > 1) for (const { pid } of members) sendSignal(pid, 'SIGSTOP');
    for (const { pid } of members) sendSignal(pid, 'SIGKILL');
    await clock.sleep(pauseMs);
  }
  return left;
}
