import type { Clock } from '../../env/clock.ts';
import { CoxswainError, EngineError } from '../../errors.ts';
import { LogWindow } from '../log-window.ts';
import type { LogChunk, LogOptions } from '../runtime.ts';
import type { DockerContainer } from './docker-container.ts';
import type { Engine } from './engine.ts';
import { framesOf } from './frame-decoder.ts';
import { StampReader } from './stamp-reader.ts';

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/** The output of one container, from the engine's log file. A reader that leaves ends the stream; one that is slow slows it down. */
export async function* readLog(
  engine: Engine,
  clock: Clock,
  container: DockerContainer,
  options: LogOptions,
): AsyncGenerator<LogChunk, void, undefined> {
  const { follow = false, tailLines, sinceMs, signal } = options;
  const window = new LogWindow(options);
  if (signal?.aborted === true || window.full) return;
  const leave = new AbortController();
  const either = signal === undefined ? leave.signal : AbortSignal.any([signal, leave.signal]);
  const query = {
    ...{ stdout: true, stderr: true, timestamps: true, follow: follow && !container.ended },
    tail: tailLines === undefined ? 'all' : Math.max(0, tailLines),
    since: sinceMs === undefined ? undefined : seconds(sinceMs),
  };
  const stamps = new StampReader(clock.now());
  try {
    if (tailLines === 0 && !follow) return;
    const source = await engine.stream('read a log', { method: 'GET', path: `/containers/${container.engineId}/logs`, query }, either);
    if (container.hasTerminal) {
      for await (const data of source as AsyncIterable<Uint8Array>) {
        yield* window.pass([...stamps.lines(data)]);
        if (window.full) return;
      }
      return;
    }
    for await (const { stream, data, first } of framesOf(source)) {
      const chunk = stamps.frame(stream === 'stderr' ? 'stderr' : 'stdout', data, first);
      if (chunk !== undefined) yield* window.pass([chunk]);
      if (window.full) return;
    }
  } catch (error) {
    if (leave.signal.aborted || signal?.aborted) return;
    throw error instanceof CoxswainError ? error : new EngineError('read a log', 0, (error as Error).message, error);
  } finally {
    leave.abort();
  }
}
