import { readFile } from 'node:fs/promises';
import type { Container } from '../../api/generated/models.ts';
import type { LogFile } from './log-file.ts';

const messageBytesMax = 4096;
const logBytesMax = 2048;
const logLinesMax = 80;

/**
 * What a container says about its end: its termination message file or, if it failed, wrote none and asks for it, the end of its log.
 *
 * Source: https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
 */
export async function readTerminationMessage(path: string, container: Container, failed: boolean, log: LogFile): Promise<string> {
  const written = await readFile(path).catch(() => Buffer.alloc(0));
  if (written.length > 0) return written.subarray(0, messageBytesMax).toString();
  if (!failed || container.terminationMessagePolicy !== 'FallbackToLogsOnError') return '';
  return log.tail(logLinesMax, logBytesMax);
}
