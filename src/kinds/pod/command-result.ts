import type { ExecSession } from '../../api/streams.ts';

/** How a command that was run in a container ended. */
export interface CommandResult {
  /** 128 + signal if it was killed. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  if (stream === undefined) return '';
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Sends the input, reads everything, and closes the session. */
export async function runToEnd(session: ExecSession, input: string | undefined): Promise<CommandResult> {
  try {
    if (input !== undefined) session.stdin?.end(input);
    const [stdout, stderr, exitCode] = await Promise.all([textOf(session.stdout), textOf(session.stderr), session.exitCode]);
    return { exitCode, stdout, stderr };
  } finally {
    await session.close();
  }
}
