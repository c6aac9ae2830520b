import type { NominatedPods } from './nominated-pods.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import { ShapeTable } from './shape-table.ts';

/** Tables together may take about so much. */
const bytesMax = 64 * 1024 * 1024;
const bytesPerRow = 20;
const tablesMin = 16;

/** The tables of one profile by shape and priority: those used last are kept. */
export class ShapeTables {
  readonly #profile: Profile;
  readonly #cache: SchedulerCache;
  readonly #nominated: NominatedPods;
  readonly #tables = new Map<string, ShapeTable>();

  constructor(profile: Profile, cache: SchedulerCache, nominated: NominatedPods) {
    this.#profile = profile;
    this.#cache = cache;
    this.#nominated = nominated;
  }

  of(pod: PodInfo): ShapeTable {
    const id = `${pod.shape.id};${pod.priority}`;
    const known = this.#tables.get(id);
    if (known !== undefined) {
      // Back to the end: the first is the one unused for longest.
      this.#tables.delete(id);
      this.#tables.set(id, known);
      return known;
    }
    const table = new ShapeTable(this.#profile, pod, this.#cache, this.#nominated);
    this.#tables.set(id, table);
    if (this.#tables.size > Math.max(tablesMin, bytesMax / (bytesPerRow * Math.max(1, this.#cache.rows)))) {
      const [oldest] = this.#tables.keys();
      this.#tables.delete(oldest!);
    }
    return table;
  }
}
