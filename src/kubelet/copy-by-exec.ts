import { withDeadline } from '../env/call-deadline.ts';
import type { Clock } from '../env/clock.ts';
import { AbortedError, RuntimeError } from '../errors.ts';
import type { Archive, CallOptions, ExecOptions, ExecSession } from '../runtimes/runtime.ts';

/** Runs a command in the container that is meant; the session is closed when the signal fires. */
type Exec = (options: ExecOptions) => Promise<ExecSession>;

/** Unless the caller says how long he waits: as long as Docker's own copying is waited for. */
const copyTimeoutMs = 600_000;

const notCopied = (what: string, exitCode: number, said: string): RuntimeError =>
  new RuntimeError('RUNTIME_COPY_FAILED', `${what}: tar in the container ended with ${exitCode}${said === '' ? '' : `: ${said.trim()}`}`);

/** The end of what a stream said, until it ended or was closed. */
async function textOf(stream: NodeJS.ReadableStream | undefined): Promise<string> {
  let text = '';
  try {
    for await (const chunk of stream ?? []) text = (text + String(chunk)).slice(-1000);
  } catch {
    // Whoever closed the session wants to hear no more.
  }
  return text;
}

/** As `kubectl cp` does it: `tar` in the container writes the archive. The deadline is for its beginning. */
export function archiveByExec(exec: Exec, clock: Clock, path: string, options: CallOptions = {}): Promise<AsyncIterable<Uint8Array>> {
  const { timeoutMs: _beginning, ...lasting } = options;
  const cut = path.replace(/\/+$/, '').lastIndexOf('/');
  const [folder, name] = [path.slice(0, cut + 1), path.slice(cut + 1)];
  const command = ['tar', 'cf', '-', '-C', folder === '' ? '.' : folder, '--', name];
  return withDeadline(clock, `copying ${path}`, copyTimeoutMs, options, async (signal) => {
    const session = await exec({ ...lasting, command });
    closeOn(signal, session);
    const pieces = archiveOf(session, path, options.signal);
    return after(await pieces.next(), pieces);
  });
}

/** A session of which nobody wants anything any more. */
function closeOn(signal: AbortSignal, session: ExecSession): void {
  const close = (): void => void session.close().catch(() => undefined);
  if (signal.aborted) close();
  else signal.addEventListener('abort', close, { once: true });
}

async function* after(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    if (first.done === true) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}

async function* archiveOf(
  session: ExecSession,
  path: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const said = textOf(session.stderr);
    for await (const chunk of session.stdout) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    const exitCode = await session.exitCode;
    if (signal?.aborted) throw new AbortedError(`copying ${path}`, signal.reason);
    if (exitCode !== 0) throw notCopied(`copying ${path}`, exitCode, await said);
  } finally {
    await session.close();
  }
}

/** As `kubectl cp` does it: `tar` in the container reads the archive. The deadline is for the whole. */
export function unpackByExec(exec: Exec, clock: Clock, folder: string, archive: Archive, options: CallOptions = {}): Promise<void> {
  return withDeadline(clock, `copying to ${folder}`, copyTimeoutMs, options, (signal) => unpack(exec, folder, archive, signal));
}

async function unpack(exec: Exec, folder: string, archive: Archive, signal: AbortSignal): Promise<void> {
  const session = await exec({ signal, command: ['tar', 'xmf', '-', '-C', folder], stdin: true });
  try {
    const said = textOf(session.stderr);
    session.stdout.resume();
    const unpacked = session.exitCode.then(async (exitCode) => {
      if (signal.aborted) throw new AbortedError(`copying to ${folder}`, signal.reason);
      if (exitCode !== 0) throw notCopied(`copying to ${folder}`, exitCode, await said);
    });
    // An archive that breaks off ends the copying: tar would wait for the rest of it.
    await Promise.all([unpacked, send(session, archive)]);
  } finally {
    await session.close();
  }
}

/** No faster than it is read; a program that reads no more ends it. */
async function send({ stdin }: ExecSession, archive: Archive): Promise<void> {
  if (stdin === undefined) return;
  let gone = false;
  stdin.on('error', () => (gone = true)).on('close', () => (gone = true));
  for await (const chunk of archive instanceof Uint8Array ? [archive] : archive) {
    if (gone) return;
    if (stdin.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        stdin.off('drain', go).off('close', go).off('error', go);
        resolve();
      };
      stdin.once('drain', go).once('close', go).once('error', go);
    });
  }
  stdin.end();
}
