import type { Clock } from '../../env/clock.ts';
import { RuntimeError } from '../../errors.ts';
import type { ExecSession, ProbeResult } from '../runtime.ts';

const outputBytesMax = 10 * 1024;

interface Outcome {
  readonly exitCode: number | 'timeout';
  readonly output: string;
}

/** Reads a session to its end, or ends it when its time is up. */
async function runToEnd(session: ExecSession, clock: Clock, timeoutMs: number): Promise<Outcome> {
  const chunks: Buffer[] = [];
  let size = 0;
  const keep = (chunk: Buffer): void => {
    if (size < outputBytesMax) chunks.push(chunk);
    size += chunk.length;
  };
  session.stdout.on('data', keep);
  session.stderr?.on('data', keep);
  let timer: { cancel(): void } | undefined;
  const late = new Promise<'timeout'>((resolve) => {
    timer = clock.schedule(clock.now() + timeoutMs, () => resolve('timeout'));
  });
  try {
    const exitCode = await Promise.race([session.exitCode, late]);
    return { exitCode, output: Buffer.concat(chunks).subarray(0, outputBytesMax).toString() };
  } finally {
    timer?.cancel();
    await session.close();
  }
}

/**
 * The verdict on a command: 0 is success. A command that takes too long is ended, and has failed.
 *
 * Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#define-a-liveness-command
 */
export async function execProbe(session: ExecSession, command: readonly string[], clock: Clock, timeoutMs: number): Promise<ProbeResult> {
  const { exitCode, output } = await runToEnd(session, clock, timeoutMs);
  if (exitCode === 'timeout') {
    return { outcome: 'failure', message: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s` };
  }
  return { outcome: exitCode === 0 ? 'success' : 'failure', message: output };
}

/** @throws RuntimeError `RUNTIME_HOOK_FAILED` if the command fails or takes too long. */
export async function execHook(session: ExecSession, command: readonly string[], clock: Clock, timeoutMs: number): Promise<void> {
  const { exitCode, output } = await runToEnd(session, clock, timeoutMs);
  if (exitCode === 0) return;
  const how = exitCode === 'timeout' ? `timed out after ${timeoutMs / 1000}s` : `exited with ${exitCode}`;
  throw new RuntimeError('RUNTIME_HOOK_FAILED', `command '${command.join(' ')}' ${how}: ${output.trimEnd()}`);
}
