import { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { ExitStatus } from './exit-status.ts';
import { terminalSize, type RemoteChannels, type RemoteRequest } from './remote-channels.ts';

const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** A message's bytes, in one piece. */
export function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

type Sent = (error?: Error | null) => void;

function send(socket: WebSocket, number: number, content: Buffer, sent: Sent): void {
  socket.send(Buffer.concat([Buffer.from([number]), content]), sent);
}

/** What is written goes out as messages of one channel, each with the channel's number before it. */
export function channelWriter(socket: WebSocket, number: number): Writable {
  return new Writable({ write: (chunk: Buffer, _encoding, done) => send(socket, number, chunk, done) }).on('error', () => undefined);
}

export function sendOn(socket: WebSocket, number: number, content: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    send(socket, number, content, (error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

/** A readable end for what comes in on a channel; while it is full, nothing more is read from the connection. */
export function channelReader(socket: WebSocket): Readable {
  return new Readable({ read: () => socket.resume() }).on('error', () => undefined);
}

/** Exec and attach over WebSocket: `v4.channel.k8s.io`, and `v5.channel.k8s.io`, in which a client can close its channel. */
export class WebSocketChannels implements RemoteChannels {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly left: Promise<void>;
  readonly #socket: WebSocket;
  #onResize: (columns: number, rows: number) => void = () => undefined;
  #size: { readonly columns: number; readonly rows: number } | undefined;

  constructor(socket: WebSocket, wanted: RemoteRequest) {
    this.#socket = socket;
    this.stdin = wanted.stdin ? channelReader(socket) : undefined;
    this.stdout = wanted.stdout ? channelWriter(socket, channel.stdout) : undefined;
    this.stderr = wanted.stderr && !wanted.tty ? channelWriter(socket, channel.stderr) : undefined;
    this.left = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => this.#take(bytesOf(data)));
    socket.once('close', () => {
      this.stdin?.push(null);
      this.stdout?.destroy();
      this.stderr?.destroy();
    });
    // Says that the connection stands, as Kubernetes does: some clients wait for it.
    void sendOn(socket, wanted.stdout ? channel.stdout : channel.error, Buffer.alloc(0)).catch(() => undefined);
  }

  onResize(listener: (columns: number, rows: number) => void): void {
    this.#onResize = listener;
    if (this.#size !== undefined) listener(this.#size.columns, this.#size.rows);
  }

  async finish(status: ExitStatus): Promise<void> {
    await sendOn(this.#socket, channel.error, Buffer.from(JSON.stringify(status))).catch(() => undefined);
    this.#socket.close(1000);
  }

  #take(message: Buffer): void {
    const content = message.subarray(1);
    switch (message[0]) {
      case channel.stdin:
        if (content.length > 0 && this.stdin?.readableEnded === false && this.stdin.push(content) === false) this.#socket.pause();
        return;
      case channel.resize:
        this.#size = terminalSize(content.toString('utf8')) ?? this.#size;
        if (this.#size !== undefined) this.#onResize(this.#size.columns, this.#size.rows);
        return;
      case channel.close:
        if (content[0] === channel.stdin) this.stdin?.push(null);
        return;
      default: // Clients write to no other channel, and an empty message has none.
    }
  }
}
