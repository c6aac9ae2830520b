import type { ExecSession } from '../../api/streams.ts';

/** How a command that was run in a container ended. */
export interface CommandResult {
  /** 128 + signal if it was killed. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command has written so far. */
class Output {
  readonly #chunks: Buffer[] = [];

  get text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  async read(stream: NodeJS.ReadableStream | undefined): Promise<void> {
    if (stream === undefined) return;
    for await (const chunk of stream) this.#chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  }
}

/** A command at work: its input is sent, and all it writes is read. */
export class CommandRun {
  /** Settles when the command has ended; the session is closed by then. */
  readonly result: Promise<CommandResult>;
  readonly #stdout = new Output();
  readonly #stderr = new Output();

  constructor(session: ExecSession, input: string | undefined) {
    this.result = this.#run(session, input);
    // Whoever has given up on it does not hear of its end.
    this.result.catch(() => undefined);
  }

  /** What it has written, for whoever wonders why it does not end. */
  evidence(): string {
    const parts = [
      ['stdout', this.#stdout.text],
      ['stderr', this.#stderr.text],
    ].filter(([, text]) => text !== '');
    return parts.length === 0 ? 'it has written nothing' : parts.map(([name, text]) => `${name}: ${text}`).join('\n');
  }

  async #run(session: ExecSession, input: string | undefined): Promise<CommandResult> {
    try {
      if (input !== undefined) session.stdin?.end(input);
      const [exitCode] = await Promise.all([session.exitCode, this.#stdout.read(session.stdout), this.#stderr.read(session.stderr)]);
      return { exitCode, stdout: this.#stdout.text, stderr: this.#stderr.text };
    } finally {
      await session.close();
    }
  }
}
