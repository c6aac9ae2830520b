import type { Clock } from '../../env/clock.ts';
import { lastLines, LogWindow } from '../log-window.ts';
import type { LogChunk, LogOptions } from '../runtime.ts';
import type { SimulatedContext, SimulatedLogLine } from './simulated-image.ts';
import type { SimulatedContainer } from './simulated-container.ts';
import type { SimulatedWaits } from './simulated-waits.ts';

const scriptOf = (container: SimulatedContainer, context: () => SimulatedContext): readonly SimulatedLogLine[] => {
  const { logs } = container.behaviour;
  if (logs === undefined || container.startedAtMs === 0) return [];
  return typeof logs === 'function' ? logs(context()) : logs;
};

/** Output as the script has it, made when it is read: a container that nobody reads costs nothing. */
export async function* simulatedLogs(
  container: SimulatedContainer,
  context: () => SimulatedContext,
  options: LogOptions,
  clock: Clock,
  waits: SimulatedWaits,
): AsyncGenerator<LogChunk, void, undefined> {
  const window = new LogWindow(options);
  let read = 0;
  for (;;) {
    const script = scriptOf(container, context);
    const until = container.exit === undefined ? clock.now() : container.finishedAtMs;
    const due: LogChunk[] = [];
    while (read < script.length && container.startedAtMs + script[read]!.afterMs <= until) {
      const line = script[read++]!;
      due.push({ stream: line.stream ?? 'stdout', atMs: container.startedAtMs + line.afterMs, data: Buffer.from(`${line.text}\n`) });
    }
    const isFirst = read === due.length;
    const chunks = isFirst && options.tailLines !== undefined ? lastLines(due, options.tailLines) : due;
    yield* window.pass(chunks);
    if (options.follow !== true || container.exit !== undefined || window.full || options.signal?.aborted === true) return;
    const next = script[read];
    const ms = next === undefined ? Infinity : container.startedAtMs + next.afterMs - clock.now();
    try {
      await waits.wait(ms, options.signal, container);
    } catch {
      // The reader left, or the node closed: either way the reading ends here.
      return;
    }
  }
}
