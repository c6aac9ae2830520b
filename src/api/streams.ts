import type { Duplex } from 'node:stream';
import type { ObjectName } from './object.ts';

/** Every call has a deadline and can be aborted. */
export interface CallOptions {
  /** Milliseconds after which the call rejects with `RUNTIME_DEADLINE`; the adapter's default for the call if absent. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface LogOptions {
  readonly follow?: boolean;
  readonly tailLines?: number;
  readonly sinceMs?: number;
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
}

/** A piece of output: bytes of one stream, as they came (not split into lines), with the time of arrival. */
export interface LogChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly atMs: number;
  readonly data: Uint8Array;
}

export interface ExecOptions extends CallOptions {
  readonly command: readonly string[];
  readonly tty?: boolean;
  readonly stdin?: boolean;
}

/** A running exec or attach. Streams end when the process does; the host must read or destroy them. */
export interface ExecSession {
  readonly stdin: NodeJS.WritableStream | undefined;
  readonly stdout: NodeJS.ReadableStream;
  /** Absent with a tty: everything is on stdout. */
  readonly stderr: NodeJS.ReadableStream | undefined;
  /** The exit code; 128 + signal if killed. Rejects with `RuntimeError` if it could not be started. */
  readonly exitCode: Promise<number>;
  resize(columns: number, rows: number): void;
  /** Ends the process and the streams. May be repeated. */
  close(): Promise<void>;
}

/** A tar archive, whole or in pieces. */
export type Archive = Uint8Array | AsyncIterable<Uint8Array>;

/** Which container of a Pod; its only one if not given. */
export interface ContainerChoice {
  readonly container?: string;
}

/** A port of this machine that leads to a port of a Pod. */
export interface PortForward extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `http://host:port` */
  readonly url: string;
  /** Closes the port and what goes through it. May be repeated. */
  close(): Promise<void>;
}

/** What a handle can do with the containers of a Pod, wherever they run. Rejects with `ApiError` (404, 400) or `RuntimeError`. */
export interface PodStreams {
  /** Output, as it came. With `previous` that of the attempt before the present one. */
  logs(pod: ObjectName, options?: LogOptions & ContainerChoice & { readonly previous?: boolean }): AsyncIterable<LogChunk>;
  exec(pod: ObjectName, options: ExecOptions & ContainerChoice): Promise<ExecSession>;
  attach(pod: ObjectName, options: Omit<ExecOptions, 'command'> & ContainerChoice): Promise<ExecSession>;
  /**
   * A file or folder of a running container as a tar archive, in which its last name is the first. An image without `tar` needs a
   * runtime that can copy by itself, as Docker does. Rejects with `RUNTIME_COPY_FAILED`; an error on the way ends the iteration.
   * `timeoutMs` is for its beginning, ten minutes unless given.
   */
  copyFrom(pod: ObjectName, path: string, options?: CallOptions & ContainerChoice): Promise<AsyncIterable<Uint8Array>>;
  /** Unpacks a tar archive in a folder of a running container, which has to be there. Rejects with `RUNTIME_COPY_FAILED`. */
  copyTo(pod: ObjectName, folder: string, archive: Archive, options?: CallOptions & ContainerChoice): Promise<void>;
  /** A connection to a port inside the Pod. */
  portForward(pod: ObjectName, port: number, options?: CallOptions): Promise<Duplex>;
  /** Listens on this machine (127.0.0.1, a free port unless given) and leads every connection to the port of the Pod. */
  forwardPort(pod: ObjectName, port: number, options?: { readonly localPort?: number; readonly host?: string }): Promise<PortForward>;
  /** Whether this process carries the traffic of Services: it has nodes whose Pods really run, and a service proxy. */
  readonly carriesServices: boolean;
  /** Where a Service port answers on this machine; undefined if it does not (yet). `port`: a name or number, the first if absent. */
  serviceAddress(service: ObjectName, port?: string | number): { readonly host: string; readonly port: number } | undefined;
}
