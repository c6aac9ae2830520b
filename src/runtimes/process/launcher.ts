import type { Readable, Writable } from 'node:stream';
import type { LogFile } from './log-file.ts';
import type { ProcessIdentity } from './process-table.ts';

/** A program to start as the first process of a container. */
export interface LaunchRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Keep standard input open, for attach. */
  readonly stdin: boolean;
  readonly log: LogFile;
  /** The container's own folder. */
  readonly folder: string;
}

/** How the first process of a container ended. */
export interface ProcessEnd {
  readonly exitCode: number;
  readonly signal: number | undefined;
  readonly atMs: number;
  /** Why the exit code is not the true one, if it is not. */
  readonly unknownBecause?: string;
}

/** A started program. */
export interface LaunchedProcess {
  readonly identity: ProcessIdentity;
  readonly startedAtMs: number;
  readonly ended: Promise<ProcessEnd>;
  /** Resolves when nobody can write output any more and all of it is in the log. */
  readonly drained: Promise<void>;
  readonly stdin: Writable | undefined;
  /** Output as it comes, for attach. Absent if another process reads it. */
  readonly output: { readonly stdout: Readable; readonly stderr: Readable } | undefined;
  /** Lets go of it without touching it. */
  release(): void;
}

/** Starts the first process of a container, in a session and process group of its own. */
export interface Launcher {
  /** @throws The error of the operating system if the program cannot be run. */
  launch(request: LaunchRequest): Promise<LaunchedProcess>;
  /** Called before the container in this folder is asked to stop. */
  prepareStop?(folder: string): Promise<void>;
  /** Takes up what an earlier host started in this folder, running or ended; undefined if it started nothing. */
  adopt?(folder: string): Promise<LaunchedProcess | undefined>;
}
