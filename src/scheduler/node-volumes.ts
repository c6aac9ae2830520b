import type { CSINodeManifest } from '../api/generated/models.ts';
import { countsOn, type CsiVolume } from './csi-volumes.ts';

/** The volumes of CSI drivers on one node, and how many there can be. */
export class NodeVolumes {
  /** The uids of the pods that may use some. */
  readonly pods = new Set<string>();
  /** By driver and handle, how many pods use each. */
  readonly #users = new Map<string, Map<string, number>>();
  #csiNode: CSINodeManifest | undefined;
  #limits: ReadonlyMap<string, number> = new Map();

  get csiNode(): CSINodeManifest | undefined {
    return this.#csiNode;
  }

  /** By driver; one that is absent has none. */
  get limits(): ReadonlyMap<string, number> {
    return this.#limits;
  }

  get isEmpty(): boolean {
    return this.#csiNode === undefined && this.pods.size === 0;
  }

  setCsiNode(csiNode: CSINodeManifest | undefined): void {
    this.#csiNode = csiNode;
    this.#limits = new Map(
      (csiNode?.spec.drivers ?? []).flatMap(({ name, allocatable }) =>
        allocatable?.count === undefined ? [] : [[name, allocatable.count] as const],
      ),
    );
  }

  count({ driver, handle }: CsiVolume, delta: 1 | -1): void {
    let handles = this.#users.get(driver);
    if (handles === undefined) this.#users.set(driver, (handles = new Map<string, number>()));
    const users = (handles.get(handle) ?? 0) + delta;
    if (users === 0) handles.delete(handle);
    else handles.set(handle, users);
    if (handles.size === 0) this.#users.delete(driver);
  }

  /** How many more volumes of the driver there can be. */
  room(driver: string): number {
    const limit = this.#limits.get(driver);
    return limit === undefined ? Infinity : limit - (this.#users.get(driver)?.size ?? 0);
  }

  /** True if with these there would be too many of a driver. One that is here already takes no more room. */
  exceeds(volumes: readonly CsiVolume[]): boolean {
    if (this.#limits.size === 0) return false;
    const added = new Map<string, Set<string>>();
    for (const volume of volumes) {
      const { driver, handle } = volume;
      if (!countsOn(this.#csiNode, volume) || this.#users.get(driver)?.has(handle) === true) continue;
      const handles = added.get(driver);
      if (handles === undefined) added.set(driver, new Set([handle]));
      else handles.add(handle);
    }
    for (const [driver, { size }] of added) if (size > this.room(driver)) return true;
    return false;
  }
}
