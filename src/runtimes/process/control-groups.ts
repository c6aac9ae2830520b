import { access, constants, mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the kernel's control groups are, as this process sees them. */
export interface ControlGroupMounts {
  /** The folder of version 2 that this process may make groups in; undefined if there is none. */
  readonly unified: string | undefined;
  /** The folder of version 1's memory controller; undefined where version 2 has it, or nobody. */
  readonly memory: string | undefined;
}

const text = (path: string): Promise<string> => readFile(path, 'latin1').catch(() => '');

/** Finds the folders in `/proc/self/mountinfo` and `/proc/self/cgroup`, of which these are the contents. */
export function groupFolders(
  mountInfo: string,
  ownGroups: string,
): { readonly unified: readonly string[]; readonly memory: string | undefined } {
  const mounts = mountInfo.split('\n').map((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', , options = ''] = after.split(' ');
    return { folder: before.split(' ')[4] ?? '', type, options: options.split(',') };
  });
  const groups = ownGroups.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line));
  const own = (controller: string): string => groups.find((group) => group?.[1]?.split(',').includes(controller))?.[2] ?? '/';
  const unified = mounts.find(({ type }) => type === 'cgroup2')?.folder;
  const memory = mounts.find(({ type, options }) => type === 'cgroup' && options.includes('memory'))?.folder;
  const below = (folder: string, group: string): string => join(folder, group).replace(/\/$/, '');
  return {
    unified: unified === undefined ? [] : [...new Set([below(unified, own('')), unified])],
    memory: memory === undefined ? undefined : below(memory, own('memory')),
  };
}

/**
 * Control groups of one node, where the kernel and this user's rights allow them: then nothing a container starts can leave it, memory
 * limits are the kernel's, and CPU and memory are exact.
 */
export class ControlGroups {
  /** The folder of version 2 that holds the groups of all containers; undefined if there is none. */
  readonly unified: string | undefined;
  /** The same for version 1's memory controller. */
  readonly memory: string | undefined;
  readonly #limitsUnified: boolean;

  private constructor(unified: string | undefined, memory: string | undefined, limitsUnified: boolean) {
    this.unified = unified;
    this.memory = memory;
    this.#limitsUnified = limitsUnified;
  }

  /** True if containers can be given a limit of memory. */
  get limitsMemory(): boolean {
    return this.#limitsUnified || this.memory !== undefined;
  }

  /** A shell command that removes the groups once they are empty, for a guard. The dead take a moment to leave. */
  get removal(): string {
    const folders = [this.unified, this.memory].filter((folder) => folder !== undefined);
    const remove = folders.map((folder) => `rmdir '${folder}'/*/ '${folder}'`).join('; ');
    return `for i in 1 2 3 4 5 6 7 8 9; do { ${remove}; } 2>/dev/null; [ -d '${folders[0] ?? ''}' ] || break; sleep 0.1; done`;
  }

  /** Makes the node's groups, or takes up those of this name. Undefined where that cannot be. */
  static async open(name: string): Promise<ControlGroups | undefined> {
    if (process.platform !== 'linux') return undefined;
    const folders = groupFolders(await text('/proc/self/mountinfo'), await text('/proc/self/cgroup'));
    let unified: string | undefined;
    let limits = false;
    for (const parent of folders.unified) {
      const made: string | undefined = limits ? undefined : await makeGroup(join(parent, name));
      if (made === undefined) continue;
      limits = (await text(join(made, 'cgroup.controllers'))).split(/\s+/).includes('memory');
      if (unified !== undefined) await rmdir(limits ? unified : made).catch(() => undefined);
      unified = unified === undefined || limits ? made : unified;
    }
    if (unified !== undefined && limits) await writeFile(join(unified, 'cgroup.subtree_control'), '+memory').catch(() => undefined);
    const memory = limits || folders.memory === undefined ? undefined : await makeGroup(join(folders.memory, name));
    return unified === undefined && memory === undefined ? undefined : new ControlGroups(unified, memory, limits);
  }

  /** Makes the group of a container, or takes it up. */
  async make(name: string, memoryBytes: number | undefined): Promise<ControlGroup> {
    const unified = this.unified === undefined ? undefined : await makeGroup(join(this.unified, name));
    const memory = this.memory === undefined ? undefined : await makeGroup(join(this.memory, name));
    if (memoryBytes !== undefined) {
      const limit = String(Math.floor(memoryBytes));
      if (memory !== undefined)
        await setLimits(memory, [
          ['memory.limit_in_bytes', limit],
          ['memory.memsw.limit_in_bytes', limit],
        ]);
      else if (unified !== undefined && this.#limitsUnified)
        await setLimits(unified, [
          ['memory.max', limit],
          ['memory.swap.max', '0'],
          ['memory.oom.group', '1'],
        ]);
    }
    return new ControlGroup(unified, memory);
  }

  /** Removes the groups, which have to be empty. */
  async close(): Promise<void> {
    for (const folder of [this.unified, this.memory]) {
      if (folder === undefined) continue;
      for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
        if (entry.isDirectory()) await rmdir(join(folder, entry.name)).catch(() => undefined);
      }
      await rmdir(folder).catch(() => undefined);
    }
  }
}

/** The control group of one container. */
export class ControlGroup {
  readonly #unified: string | undefined;
  readonly #memory: string | undefined;

  constructor(unified: string | undefined, memory: string | undefined) {
    this.#unified = unified;
    this.#memory = memory;
  }

  /** Words that put a command that follows them into the group before it begins. */
  get commandPrefix(): readonly string[] {
    const files = [this.#unified, this.#memory].filter((folder) => folder !== undefined).map((folder) => `'${folder}/cgroup.procs'`);
    const join = `for f in ${files.join(' ')}; do echo $$ 2>/dev/null >"$f"; done; exec "$0" "$@"`;
    return ['/bin/sh', '-c', join];
  }

  /** Kills everything in the group at once, where the kernel can do that. */
  async kill(): Promise<void> {
    if (this.#unified !== undefined) await writeFile(join(this.#unified, 'cgroup.kill'), '1').catch(() => undefined);
  }

  /** The processes in the group. */
  async members(): Promise<readonly number[]> {
    const folder = this.#unified ?? this.#memory;
    if (folder === undefined) return [];
    return (await text(join(folder, 'cgroup.procs')))
      .split('\n')
      .filter((line) => line !== '')
      .map(Number);
  }

  /** True if the kernel killed something here because of the limit. */
  async ranOutOfMemory(): Promise<boolean> {
    const events = this.#memory === undefined ? join(this.#unified ?? '', 'memory.events') : join(this.#memory, 'memory.oom_control');
    return /^oom_kill [1-9]/m.test(await text(events));
  }

  /** CPU time of all that ever ran here, in nanoseconds; undefined if the kernel does not say. */
  async cpuNanoseconds(): Promise<number | undefined> {
    const usage = /^usage_usec (\d+)/m.exec(this.#unified === undefined ? '' : await text(join(this.#unified, 'cpu.stat')));
    return usage === null ? undefined : Number(usage[1]) * 1000;
  }

  /** Memory that cannot be had back easily, as the kubelet counts it; undefined if the kernel does not say. */
  async workingSetBytes(): Promise<number | undefined> {
    const [folder, used, inactive] =
      this.#memory === undefined
        ? [this.#unified ?? '', 'memory.current', /^inactive_file (\d+)/m]
        : [this.#memory, 'memory.usage_in_bytes', /^total_inactive_file (\d+)/m];
    const usage = await text(join(folder, used as string));
    if (usage === '') return undefined;
    const reclaimable = (inactive as RegExp).exec(await text(join(folder as string, 'memory.stat')));
    return Math.max(0, Number(usage) - Number(reclaimable?.[1] ?? 0));
  }

  /** Removes the group, which has to be empty. */
  async remove(): Promise<void> {
    for (const folder of [this.#unified, this.#memory]) if (folder !== undefined) await rmdir(folder).catch(() => undefined);
  }
}

/** Makes a group; undefined if that is not allowed. */
async function makeGroup(folder: string): Promise<string | undefined> {
  await mkdir(folder).catch(() => undefined);
  return access(join(folder, 'cgroup.procs'), constants.W_OK).then(
    () => folder,
    () => undefined,
  );
}

async function setLimits(folder: string, limits: readonly (readonly [file: string, value: string])[]): Promise<void> {
  for (const [file, value] of limits) await writeFile(join(folder, file), value).catch(() => undefined);
}
