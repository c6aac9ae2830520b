import { access, constants } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';

/**
 * A program of this machine as an image.
 *
 * @example
 * const images: Record<string, ProcessImage> = {
 *   'web:1': { command: ['node', 'server.js'], args: ['--verbose'], cwd: '/srv/web', env: { LOG_LEVEL: 'info' } },
 * };
 */
export interface ProcessImage {
  /**
   * A program by name (looked for in `PATH`) or path, with its first arguments if it has some: the entry point. A container's `command`
   * takes its place, and that of `args`.
   */
  readonly command: string | readonly [program: string, ...args: string[]];
  /** Arguments; a container's `args` take their place. */
  readonly args?: readonly string[];
  /** Working directory, unless the container has one; the host's unless given. */
  readonly cwd?: string;
  /** Variables besides the container's own, which win. */
  readonly env?: Readonly<Record<string, string>>;
  /** How the program is asked to stop; SIGTERM unless given. */
  readonly stopSignal?: NodeJS.Signals;
}

/** What to run: the program with its arguments. */
export interface ProgramCall {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * What a container of an image runs.
 *
 * Source: https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/
 */
export function programCall(image: ProcessImage, command: readonly string[] | undefined, args: readonly string[] | undefined): ProgramCall {
  if (command !== undefined && command.length > 0) return { program: command[0]!, args: [...command.slice(1), ...(args ?? [])] };
  const [program, ...first] = typeof image.command === 'string' ? [image.command] : image.command;
  return { program, args: [...first, ...(args !== undefined && args.length > 0 ? args : (image.args ?? []))] };
}

/** True if the file can be executed. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The file that is run for a program, looked for as a shell would; undefined if there is none. */
export async function findProgram(program: string, cwd: string, searchPath: string): Promise<string | undefined> {
  if (program.includes('/')) {
    const path = isAbsolute(program) ? program : resolve(cwd, program);
    return (await isExecutable(path)) ? path : undefined;
  }
  for (const folder of searchPath.split(':')) {
    const path = resolve(cwd, folder === '' ? '.' : folder, program);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}
