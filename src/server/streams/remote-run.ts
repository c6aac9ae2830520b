import type { Readable, Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { ExecSession } from '../../api/streams.ts';
import type { Clock } from '../../env/clock.ts';
import { exitStatus, failedStatus, type ExitStatus } from './exit-status.ts';
import type { RemoteChannels } from './remote-channels.ts';

/** A command that has ended may have left its output to others: so long they are listened to. */
const drainMs = 5000;

/**
 * Connects a command with a client until one of them ends. The client is told the exit code last, when it has all the output. If the
 * client leaves, the session is closed.
 */
export async function remoteRun(
  session: ExecSession,
  channels: RemoteChannels,
  { clock, endsStdin }: { readonly clock: Clock; readonly endsStdin: boolean },
): Promise<void> {
  channels.onResize((columns, rows) => session.resize(columns, rows));
  const { stdin } = session;
  if (channels.stdin !== undefined && stdin !== undefined) {
    stdin.on('error', () => channels.stdin?.resume());
    channels.stdin.pipe(stdin, { end: endsStdin });
    // A command that reads no more must not hold up what else comes on the connection.
    stdin.once('close', () => channels.stdin?.resume());
  } else channels.stdin?.resume();
  const output = Promise.all([copied(session.stdout, channels.stdout), copied(session.stderr, channels.stderr)]);
  const ended: Promise<ExitStatus | undefined> = Promise.race([
    session.exitCode.then(exitStatus, failedStatus),
    channels.left.then(() => undefined),
  ]);
  const status = await ended;
  if (status !== undefined) {
    const patience = new AbortController();
    const timeUp = clock.sleep(drainMs, patience.signal).catch(() => undefined);
    await Promise.race([output, timeUp, channels.left]);
    patience.abort();
    await channels.finish(status);
  }
  await session.close().catch(() => undefined);
}

/** Resolves when everything is through, or the client takes no more. */
async function copied(from: NodeJS.ReadableStream | undefined, to: Writable | undefined): Promise<void> {
  if (from === undefined) return;
  if (to === undefined) {
    from.resume();
    return finished(from as Readable).catch(() => undefined);
  }
  await pipeline(from, to, { end: false }).catch(() => undefined);
}
