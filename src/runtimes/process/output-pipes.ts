import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/**
 * Pipes for standard output and error. Node gives its children socket pairs instead, which a program cannot open again as
 * `/dev/stdout`: shell scripts that write to `/dev/stderr` would fail.
 */
export interface OutputPipes {
  /** Ends that are read here. They end when the last process that can write has closed its end. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Descriptors for the child. */
  readonly childFds: readonly [stdout: number, stderr: number];
  /** Closes this process' copies of the child's ends: to be called once the child has them. */
  handOver(): void;
}

/**
 * @param name What the pipes are called while they are being opened; must be free.
 * @returns Undefined where the machine has no `mkfifo`.
 */
export async function openOutputPipes(folder: string, name: string): Promise<OutputPipes | undefined> {
  const paths = [join(folder, `${name}-stdout`), join(folder, `${name}-stderr`)] as const;
  try {
    await promisify(execFile)('mkfifo', ['-m', '600', ...paths]);
  } catch {
    return undefined;
  }
  // The reader first and without blocking: the writer then does not block either, and its end is an ordinary one.
  const readFds = paths.map((path) => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  const childFds = [openSync(paths[0], constants.O_WRONLY), openSync(paths[1], constants.O_WRONLY)] as const;
  await Promise.all(paths.map((path) => rm(path, { force: true })));
  const [stdout, stderr] = readFds.map((fd) => new Socket({ fd, readable: true, writable: false }));
  return {
    stdout: stdout!,
    stderr: stderr!,
    childFds,
    handOver: () => {
      for (const fd of childFds) closeSync(fd);
    },
  };
}
