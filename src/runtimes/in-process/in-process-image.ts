import type { Server } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../env/clock.ts';
import type { Random } from '../../env/random.ts';

/** What a running in-process container has: its `ctx`. */
export interface InProcessContext {
  readonly nodeName: string;
  readonly podNamespace: string;
  readonly podName: string;
  readonly podUid: string;
  readonly containerName: string;
  /** Restart count, from 0. */
  readonly attempt: number;
  /** The pod's own address. */
  readonly podIp: string;
  /** The address to listen on: the pod's own on Linux. */
  readonly host: string;
  /** The container's variables, over `HOST` (where to listen) and `POD_IP`. */
  readonly env: Readonly<Record<string, string>>;
  /** `command` and `args` of the container, one after the other. */
  readonly args: readonly string[];
  /** Fires when the container is asked to stop. It then has the pod's grace period to return. */
  readonly signal: AbortSignal;
  /** Resolves when the container is asked to stop. */
  readonly stopped: Promise<void>;
  /** The cluster's clock. Its timers end with the container: sleeps that are left reject with `AbortedError`. */
  readonly clock: Clock;
  /** Seeded: follows from the cluster's seed and the pod. */
  readonly random: Random;
  /** Writes a line to standard output. */
  log(line: string): void;
  /** Writes a line to standard error. */
  error(line: string): void;
  /** The port to listen on to serve a port of the manifest: the same, except where ports are mapped. */
  port(containerPort: number): number;
  /**
   * Listens on the pod's address. The server and its connections end with the container, which makes this better than listening oneself.
   *
   * @throws The server's error, such as EADDRINUSE.
   */
  listen(server: Server, containerPort: number): Promise<void>;
  /** Where a path of the container is on the machine: files below `mountPath` of a volume. Other paths are returned as they are. */
  path(containerPath: string): string;
  /** What the container says it uses; it cannot be measured inside a shared process. Shown in stats until said otherwise. */
  use(resources: { readonly cpuCores?: number; readonly memoryBytes?: number }): void;
}

/** One call of an in-process `exec`. */
export interface InProcessExec {
  readonly container: InProcessContext;
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Fires when the caller leaves or the container ends. */
  readonly signal: AbortSignal;
}

/**
 * The main function of an in-process image. Returning ends the container: with the number returned, or 0. Throwing ends it with 1 (or
 * the error's numeric `exitCode`), and the error is in the log.
 */
export type InProcessMain = (context: InProcessContext) => Promise<number | void> | number | void;

/** An image with commands for `exec` and exec probes; a function alone is an image without any. */
export interface InProcessImage {
  readonly main: InProcessMain;
  /** By the command's first word. Exits as `main` does. */
  readonly exec?: Readonly<Record<string, (call: InProcessExec) => Promise<number | void> | number | void>>;
}
