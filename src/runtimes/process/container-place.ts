import { mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RuntimeError } from '../../errors.ts';
import type { ContainerConfig } from '../runtime.ts';
import type { VolumeFolders } from '../volumes/volume-folders.ts';
import type { ControlGroup } from './control-groups.ts';
import type { ProgramCall } from './process-image.ts';

const defaultTerminationPath = '/dev/termination-log';

/** Where a container's programs run: folders, environment, user, and what stands before their command. */
export interface ContainerPlaceOptions {
  readonly folder: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly config: ContainerConfig;
  /** Words before every command: `ip netns exec NAME`. */
  readonly prefix: readonly string[];
  readonly group: ControlGroup | undefined;
}

/** The folder of a container and what surrounds its processes. */
export class ContainerPlace {
  readonly folder: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logPath: string;
  readonly terminationLog: string;
  /** Where its end is written down for the next host. */
  readonly statePath: string;
  readonly group: ControlGroup | undefined;
  readonly #prefix: readonly string[];
  readonly #config: ContainerConfig;
  #names = 0;

  constructor({ folder, cwd, env, config, prefix, group }: ContainerPlaceOptions) {
    this.folder = folder;
    this.cwd = cwd;
    this.env = env;
    this.logPath = join(folder, 'log');
    this.statePath = join(folder, 'state.json');
    this.terminationLog = join(rootOf(folder), config.container.terminationMessagePath ?? defaultTerminationPath);
    this.#prefix = [...(group?.commandPrefix ?? []), ...prefix];
    this.group = group;
    this.#config = config;
  }

  /** The user to start programs as; only root may choose. Undefined if `wrap` does it, because what stands before them needs root. */
  get uid(): number | undefined {
    return this.#prefix.length === 0 ? this.#user : undefined;
  }

  get gid(): number | undefined {
    return this.#prefix.length === 0 ? this.#group : undefined;
  }

  get #user(): number | undefined {
    return process.getuid?.() === 0 ? this.#config.securityContext?.runAsUser : undefined;
  }

  get #group(): number | undefined {
    return process.getuid?.() === 0 ? this.#config.securityContext?.runAsGroup : undefined;
  }

  /** Makes the folder: below `root`, a symbolic link for each mount, and the file of the termination message. */
  async make(volumes: VolumeFolders): Promise<void> {
    const root = rootOf(this.folder);
    await mkdir(root, { recursive: true, mode: 0o711 });
    const mounts = [...this.#config.mounts].sort((a, b) => a.mount.mountPath.length - b.mount.mountPath.length);
    for (const mount of mounts) {
      const target = await volumes.locate(mount, join(this.folder, 'copies'));
      const link = join(root, mount.mount.mountPath);
      if (link === root || link === `${root}/`) {
        throw new RuntimeError('RUNTIME_CONFIG', `volume "${mount.volumeName}" cannot be mounted at "${mount.mount.mountPath}"`);
      }
      await mkdir(dirname(link), { recursive: true });
      await rm(link, { recursive: true, force: true });
      await symlink(target, link);
    }
    await mkdir(dirname(this.terminationLog), { recursive: true });
    await writeFile(this.terminationLog, '', { mode: 0o666 }).catch(() => undefined);
  }

  hasWorkingDirectory(): Promise<boolean> {
    return stat(this.cwd).then(
      (found) => found.isDirectory(),
      () => false,
    );
  }

  /** A name for something in the folder that nothing else has. */
  nextName(): string {
    return `exec-${++this.#names}`;
  }

  /** The program with what has to stand before it. */
  wrap(call: ProgramCall): ProgramCall {
    if (this.#prefix.length === 0) return call;
    const user = this.#user === undefined ? [] : [`--reuid=${this.#user}`];
    const group = this.#group === undefined ? [] : [`--regid=${this.#group}`];
    const identity = user.length + group.length === 0 ? [] : ['setpriv', ...user, ...group, '--clear-groups'];
    const [program, ...args] = [...this.#prefix, ...identity, call.program, ...call.args];
    return { program: program ?? call.program, args };
  }
}

/** The folder that stands for the container's root directory. */
export function rootOf(folder: string): string {
  return join(folder, 'root');
}
