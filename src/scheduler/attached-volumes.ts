import type { CSINodeManifest } from '../api/generated/models.ts';
import { countsOn, csiVolumesOf, mayHaveCsiVolumes, type CsiVolume } from './csi-volumes.ts';
import type { NodeInfo } from './node-info.ts';
import { NodeVolumes } from './node-volumes.ts';
import type { NodeClasses } from './plugin.ts';
import { claimsOf } from './pod-claims.ts';
import type { PodInfo } from './pod-info.ts';
import type { ObjectChange } from './scheduler.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import type { StoredObject } from '../api/object.ts';

/** Nodes with less room than this for volumes of a driver can be told without asking every node. */
export const tightBelow = 8;

interface PlacedPod {
  readonly pod: PodInfo;
  readonly nodeName: string;
  readonly volumes: readonly CsiVolume[];
  /** The objects that say which volumes these are. */
  readonly says: readonly string[];
}

const keyOf = (kind: string, namespace: string, name: string): string => `${kind}/${namespace}/${name}`;

/** Which volumes of CSI drivers the pods on each node use, and how many more it can have. Kept current pod by pod. */
export class AttachedVolumes {
  readonly #cache: SchedulerCache;
  readonly #byNode = new Map<string, NodeVolumes>();
  readonly #pods = new Map<string, PlacedPod>();
  /** By the objects that say which volumes pods use: the uids of those. */
  readonly #concerned = new Map<string, Set<string>>();
  /** By driver, the nodes with little room. */
  readonly #tight = new Map<string, Set<string>>();
  /** By driver, how many nodes have a limit. */
  readonly #limited = new Map<string, number>();
  /** By driver and handle, how many pods use a volume. */
  readonly #users = new Map<string, number>();
  readonly #classes = new Map<string, NodeClasses>();
  /** Nobody needs to know before there is a CSINode. */
  #isFollowing = false;

  constructor(cache: SchedulerCache) {
    this.#cache = cache;
  }

  /** Of the cache alone, as the next. */
  podAdded(pod: PodInfo, { name }: NodeInfo): void {
    if (this.#isFollowing && mayHaveCsiVolumes(pod)) this.#enter(pod, name);
  }

  podRemoved({ uid }: PodInfo): void {
    const placed = this.#pods.get(uid);
    if (placed !== undefined) this.#leave(placed);
  }

  /** An object changed that plugins look at. */
  objectChanged({ type, object }: ObjectChange): void {
    const { kind, metadata } = object;
    if (kind === 'CSINode') return this.#setCsiNode(metadata.name, type === 'deleted' ? undefined : object);
    for (const uid of [...(this.#concerned.get(keyOf(kind, metadata.namespace ?? '', metadata.name)) ?? [])]) {
      const placed = this.#pods.get(uid)!;
      this.#leave(placed);
      this.#enter(placed.pod, placed.nodeName);
      this.#cache.touchNode(placed.nodeName);
    }
  }

  /** True if every node has room for so many more volumes of the driver. */
  haveRoom(driver: string, more: number): boolean {
    if (!this.#limited.has(driver)) return true;
    if (more > tightBelow) return false;
    for (const name of this.#tight.get(driver) ?? []) if (this.#byNode.get(name)!.room(driver) < more) return false;
    return true;
  }

  /** True if with these the node would have more volumes of a driver than it can. */
  exceeds({ name }: NodeInfo, volumes: readonly CsiVolume[]): boolean {
    return this.#byNode.get(name)?.exceeds(volumes) === true;
  }

  /** True if a pod that is placed uses the volume. */
  isUsed({ driver, handle }: CsiVolume): boolean {
    return this.#users.has(`${driver}/${handle}`);
  }

  /** Class 1: nodes that have no room for so many more volumes of the driver (less than `tightBelow`). */
  full(driver: string, more: number): NodeClasses {
    const key = `${more}/${driver}`;
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const room = (name: string | undefined): number => this.#byNode.get(name ?? '')?.room(driver) ?? Infinity;
    const classes: NodeClasses = {
      classOf: (index) => (room(this.#cache.nodeAt(index)?.name) < more ? 1 : 0),
      others: () => this.#tightRows(driver),
    };
    this.#classes.set(key, classes);
    return classes;
  }

  *#tightRows(driver: string): Generator<number> {
    for (const name of this.#tight.get(driver) ?? []) {
      const node = this.#cache.node(name);
      if (node !== undefined) yield node.index;
    }
  }

  #enter(pod: PodInfo, nodeName: string): void {
    const { objects } = this.#cache;
    const node = this.#node(nodeName);
    const volumes = csiVolumesOf(pod, objects).filter((volume) => countsOn(node.csiNode, volume));
    const placed: PlacedPod = { pod, nodeName, volumes, says: saying(pod, this.#cache) };
    this.#pods.set(pod.uid, placed);
    node.pods.add(pod.uid);
    for (const key of placed.says) {
      const uids = this.#concerned.get(key);
      if (uids === undefined) this.#concerned.set(key, new Set([pod.uid]));
      else uids.add(pod.uid);
    }
    for (const volume of volumes) this.#count(node, nodeName, volume, 1);
  }

  #leave({ pod, nodeName, volumes, says }: PlacedPod): void {
    this.#pods.delete(pod.uid);
    for (const key of says) {
      const uids = this.#concerned.get(key);
      uids?.delete(pod.uid);
      if (uids?.size === 0) this.#concerned.delete(key);
    }
    const node = this.#node(nodeName);
    node.pods.delete(pod.uid);
    for (const volume of volumes) this.#count(node, nodeName, volume, -1);
    this.#release(nodeName);
  }

  #count(node: NodeVolumes, nodeName: string, volume: CsiVolume, delta: 1 | -1): void {
    node.count(volume, delta);
    add(this.#users, `${volume.driver}/${volume.handle}`, delta);
    this.#settle(nodeName, volume.driver);
  }

  /** Nodes whose drivers are told anew count their volumes anew. */
  #setCsiNode(name: string, csiNode: StoredObject | undefined): void {
    this.#follow();
    const node = this.#node(name);
    const here = [...node.pods].map((uid) => this.#pods.get(uid)!);
    for (const placed of here) this.#leave(placed);
    const before = [...node.limits.keys()];
    for (const driver of before) add(this.#limited, driver, -1);
    node.setCsiNode(csiNode as (StoredObject & CSINodeManifest) | undefined);
    this.#byNode.set(name, node);
    for (const driver of node.limits.keys()) add(this.#limited, driver, 1);
    for (const { pod } of here) this.#enter(pod, name);
    for (const driver of [...before, ...node.limits.keys()]) this.#settle(name, driver);
    this.#release(name);
    this.#cache.touchNode(name);
  }

  #follow(): void {
    if (this.#isFollowing) return;
    this.#isFollowing = true;
    for (const { pod, node } of this.#cache.placed()) this.podAdded(pod, node);
  }

  #settle(nodeName: string, driver: string): void {
    const isTight = (this.#byNode.get(nodeName)?.room(driver) ?? Infinity) < tightBelow;
    const names = this.#tight.get(driver);
    if (!isTight) names?.delete(nodeName);
    else if (names === undefined) this.#tight.set(driver, new Set([nodeName]));
    else names.add(nodeName);
  }

  #node(name: string): NodeVolumes {
    let node = this.#byNode.get(name);
    if (node === undefined) this.#byNode.set(name, (node = new NodeVolumes()));
    return node;
  }

  #release(name: string): void {
    if (this.#byNode.get(name)?.isEmpty === true) this.#byNode.delete(name);
  }
}

function saying(pod: PodInfo, { objects }: SchedulerCache): readonly string[] {
  return claimsOf(pod, objects).flatMap(({ name, claim }) => [
    keyOf('PersistentVolumeClaim', pod.namespace, name),
    ...(claim?.spec?.volumeName === undefined ? [] : [keyOf('PersistentVolume', '', claim.spec.volumeName)]),
    ...(claim?.spec?.storageClassName === undefined ? [] : [keyOf('StorageClass', '', claim.spec.storageClassName)]),
  ]);
}

function add(counts: Map<string, number>, key: string, delta: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + delta;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
