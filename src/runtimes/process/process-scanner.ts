import type { Clock } from '../../env/clock.ts';
import type { ControlGroup } from './control-groups.ts';
import { processEntry, processIds } from './process-table.ts';
import type { ProcessEntry, ProcessIdentity } from './process-table.ts';

/** The variable that every process of a container inherits: whose it is. */
export const containerVariable = 'COXSWAIN_CONTAINER';
/** The variable that says which node, of which host, started the process. */
export const ownerVariable = 'COXSWAIN_OWNER';

/** How many processes are looked at before other work gets a turn. */
const sliceSize = 100;

/** A container as the scanner knows it. */
export interface ScannedContainer {
  readonly id: string;
  /** The first process of the container: leader of its session and group. */
  readonly main: ProcessIdentity;
  /** Processes that were found to belong to it before. A process that forgets its environment and its parent is still known here. */
  readonly known: Map<number, number>;
  /** The control group of the container, where there is one: everything in it belongs to it. */
  readonly group: ControlGroup | undefined;
}

/**
 * Finds the processes of containers among all of the machine's. A process belongs to a container if it is in its control group, if it
 * inherited the container's variable, if it is in the session of the container's first process, if its parent belongs to it, or if it did when last seen.
 */
export class ProcessScanner {
  readonly #owner: string;
  readonly #clock: Clock;
  #current: Promise<readonly ProcessEntry[]> | undefined;
  #queued: Promise<readonly ProcessEntry[]> | undefined;

  /** @param owner What `COXSWAIN_OWNER` is for this node. */
  constructor(owner: string, clock: Clock) {
    this.#owner = owner;
    this.#clock = clock;
  }

  /** The living processes of each container, by its id, as they were at some moment after the call. */
  async find(containers: readonly ScannedContainer[]): Promise<ReadonlyMap<string, readonly ProcessEntry[]>> {
    const all = await this.#scan();
    const grouped = new Map<number, string>();
    for (const { id, group } of containers) for (const pid of (await group?.members()) ?? []) grouped.set(pid, id);
    const owners = this.#owners(all, containers, grouped);
    const found = new Map<string, ProcessEntry[]>(containers.map(({ id }) => [id, []]));
    for (const entry of all) found.get(owners.get(entry.pid) ?? '')?.push(entry);
    for (const { id, known } of containers) {
      known.clear();
      for (const { pid, startTicks } of found.get(id) ?? []) known.set(pid, startTicks);
    }
    return found;
  }

  /** Every living process this node started, whatever container it belongs to. */
  async owned(): Promise<readonly ProcessEntry[]> {
    const marker = `${ownerVariable}=${this.#owner}`;
    return (await this.#scan()).filter(({ environment }) => environment.split('\0').includes(marker));
  }

  /** One look at the machine serves all who asked before it began. */
  #scan(): Promise<readonly ProcessEntry[]> {
    if (this.#current === undefined) return this.#begin();
    this.#queued ??= this.#current.then(() => {
      this.#queued = undefined;
      return this.#current ?? this.#begin();
    });
    return this.#queued;
  }

  #begin(): Promise<readonly ProcessEntry[]> {
    this.#current = this.#look().finally(() => (this.#current = undefined));
    return this.#current;
  }

  async #look(): Promise<readonly ProcessEntry[]> {
    const entries: ProcessEntry[] = [];
    let looked = 0;
    for (const pid of processIds()) {
      if (++looked % sliceSize === 0) await this.#clock.turn();
      const entry = processEntry(pid);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** The container of each process that has one, by pid. */
  #owners(
    all: readonly ProcessEntry[],
    containers: readonly ScannedContainer[],
    grouped: ReadonlyMap<number, string>,
  ): ReadonlyMap<number, string> {
    const owners = new Map(grouped);
    const sessions = new Map<number, string>();
    const known = new Map<string, string>();
    for (const { id, main, known: before } of containers) {
      sessions.set(main.pid, id);
      for (const [pid, startTicks] of before) known.set(`${pid}/${startTicks}`, id);
    }
    for (const entry of all) {
      const id =
        grouped.get(entry.pid) ??
        this.#marked(entry.environment) ??
        sessions.get(entry.sessionId) ??
        known.get(`${entry.pid}/${entry.startTicks}`);
      if (id !== undefined) owners.set(entry.pid, id);
    }
    // Children follow their parents; a pass may make parents of more children.
    for (let grown = true; grown;) {
      grown = false;
      for (const { pid, ppid } of all) {
        const parent = owners.get(ppid);
        if (parent === undefined || owners.has(pid)) continue;
        owners.set(pid, parent);
        grown = true;
      }
    }
    return owners;
  }

  #marked(environment: string): string | undefined {
    if (!environment.includes(this.#owner)) return undefined;
    const variables = environment.split('\0');
    if (!variables.includes(`${ownerVariable}=${this.#owner}`)) return undefined;
    return variables.find((variable) => variable.startsWith(`${containerVariable}=`))?.slice(containerVariable.length + 1);
  }
}
