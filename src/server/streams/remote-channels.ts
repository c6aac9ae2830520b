import type { Readable, Writable } from 'node:stream';
import type { ExitStatus } from './exit-status.ts';

/** What a client of exec or attach asked for. */
export interface RemoteRequest {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** The channels between a client and a command, however they travel. */
export interface RemoteChannels {
  /** undefined where the client asked for none; the same for the others. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  /** Told of the size of the client's terminal, now and whenever it changes. */
  onResize(listener: (columns: number, rows: number) => void): void;
  /** Resolves when the client has left. */
  readonly left: Promise<void>;
  /** Sends how it ended, once everything before it is sent, and closes. */
  finish(status: ExitStatus): Promise<void>;
}

/** A terminal's size as clients send it: `{"Width":80,"Height":24}`; undefined if it is none. */
export function terminalSize(text: string): { readonly columns: number; readonly rows: number } | undefined {
  try {
    const { Width, Height } = JSON.parse(text) as { readonly Width?: unknown; readonly Height?: unknown };
    const isSize = (value: unknown): value is number => Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
    return isSize(Width) && isSize(Height) ? { columns: Width, rows: Height } : undefined;
  } catch {
    return undefined;
  }
}
