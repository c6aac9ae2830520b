import { closeSync, existsSync, openSync, readFileSync, writeSync, fdatasyncSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryStore } from '../../src/stores/memory-store.ts';
import type { StoreOpenOptions, WriteOp, WriteResult } from '../../src/stores/store.ts';

/**
 * What is wrong with a `PlantedStore`: what it acknowledges is on its way to the file (`late`), there but not synced (`unsynced`), or
 * synced after the acknowledgement (`early`); its history ends with the process (`forgetful`); nothing (`synced`).
 */
export type PlantedBug = 'late' | 'unsynced' | 'early' | 'forgetful' | 'synced';

/** A log of writes on the disk with a planted bug. */
export class PlantedStore extends MemoryStore {
  readonly #file: string;
  readonly #bug: PlantedBug;
  #fd = -1;
  #pending: string[] = [];

  constructor(directory: string, bug: PlantedBug) {
    super({ historyLimit: 100_000 });
    this.#file = join(directory, 'planted.log');
    this.#bug = bug;
  }

  override async open(options?: StoreOpenOptions): Promise<void> {
    await super.open(options);
    const lines = existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split('\n').slice(0, -1) : [];
    for (const line of lines) await super.write([JSON.parse(line) as WriteOp]);
    if (this.#bug === 'forgetful') await super.compact(await super.head());
    this.#fd = openSync(this.#file, 'a');
  }

  override async write(ops: readonly WriteOp[]): Promise<readonly WriteResult[]> {
    const results = await super.write(ops);
    this.#pending.push(...ops.filter((_, index) => results[index]?.ok).map((op) => `${JSON.stringify(op)}\n`));
    if (this.#bug === 'late' && this.#pending.length < 20) return results;
    for (const line of this.#pending) writeSync(this.#fd, line);
    this.#pending = [];
    if (this.#bug === 'early') setImmediate(() => fdatasyncSync(this.#fd));
    // A late store that synced would spend nearly all its time where nothing is missing.
    else if (this.#bug !== 'unsynced' && this.#bug !== 'late') fdatasyncSync(this.#fd);
    return results;
  }

  override async close(): Promise<void> {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    await super.close();
  }
}
