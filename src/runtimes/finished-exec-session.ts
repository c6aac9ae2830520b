import { Readable, Writable } from 'node:stream';
import type { ExecSession } from './runtime.ts';

/** What a command left behind. */
export interface FinishedCommand {
  readonly exitCode: number;
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string | Uint8Array;
}

const streamOf = (output: string | Uint8Array | undefined): Readable => {
  const bytes = Buffer.from(output ?? '');
  return Readable.from(bytes.length === 0 ? [] : [bytes], { objectMode: false });
};

/** The session of a command that has already run: its output, then its exit code. Input is swallowed. */
export class FinishedExecSession implements ExecSession {
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable | undefined;
  readonly exitCode: Promise<number>;

  constructor(command: FinishedCommand, options: { readonly tty?: boolean; readonly stdin?: boolean }) {
    this.stdin = options.stdin === true ? new Writable({ write: (_chunk, _encoding, done) => done() }) : undefined;
    this.stdout = streamOf(command.stdout);
    this.stderr = options.tty === true ? undefined : streamOf(command.stderr);
    this.exitCode = Promise.resolve(command.exitCode);
  }

  resize(): void {
    // There is no terminal behind a command that has ended.
  }

  close(): Promise<void> {
    this.stdin?.destroy();
    this.stdout.destroy();
    this.stderr?.destroy();
    return Promise.resolve();
  }
}
