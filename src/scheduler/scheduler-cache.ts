import { QuantityCache } from '../api/quantity-cache.ts';
import { AttachedVolumes } from './attached-volumes.ts';
import { ChangeLog } from './change-log.ts';
import { GroupCensus } from './group-census.ts';
import { ImageCensus } from './image-census.ts';
import { NodeInfo, type StoredNode } from './node-info.ts';
import { ClaimCensus } from './claim-census.ts';
import { FollowedObjects } from './followed-objects.ts';
import type { PodGroup } from './pod-group.ts';
import type { PodInfo } from './pod-info.ts';
import { amountOf } from './pod-resources.ts';
import { RelationIndex } from './relation-index.ts';
import { ResourceTable } from './resource-table.ts';

const rowsAtFirst = 64;
const logLength = 8192;

/**
 * The scheduler's picture of nodes and of the pods on them: what the store says, and what was decided and is not yet written
 * (assumed pods). Every change is a change of one node and lands in the log.
 */
export class SchedulerCache {
  readonly resources = new ResourceTable(rowsAtFirst);
  readonly log = new ChangeLog(logLength);
  /** Who is where, for plugins that place pods with regard to others. */
  readonly relations = new RelationIndex(this);
  readonly images = new ImageCensus();
  readonly claims = new ClaimCensus();
  readonly attached = new AttachedVolumes(this);
  /** Pods in the queue, by group; neither those under way nor those of other schedulers are among them. */
  readonly pending = new GroupCensus();
  /** Other objects that plugins look at. */
  readonly objects = new FollowedObjects();
  readonly #quantities = new QuantityCache();
  readonly #byName = new Map<string, NodeInfo>();
  readonly #slots: (NodeInfo | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #nodeOfPod = new Map<string, NodeInfo>();
  readonly #placed = new GroupCensus();
  /** How many pods on nodes there are of each priority. */
  readonly #priorities = new Map<number, number>();
  #nodeCount = 0;
  #trying = false;

  /**
   * Runs `attempt`, which may move pods about and must put everything back: a change that is undone is no change, so nothing
   * of it gets into the log.
   */
  try<T>(attempt: () => T): T {
    const outer = this.#trying;
    this.#trying = true;
    try {
      return attempt();
    } finally {
      this.#trying = outer;
    }
  }

  /**
   * Runs `attempt`, which may take pods off the node and must put them back: the order in which they came is what it was, since it says
   * who goes first of those that are equally important.
   */
  inOrder<T>(node: NodeInfo, attempt: () => T): T {
    const uids = [...node.pods.keys()];
    try {
      return attempt();
    } finally {
      node.orderPods(uids);
    }
  }

  /** How many Node objects there are. */
  get nodeCount(): number {
    return this.#nodeCount;
  }

  /** Rows run from 0 to this, exclusive; some may be empty. */
  get rows(): number {
    return this.#slots.length;
  }

  /** The node in a row, if there is a Node object for it. */
  nodeAt(index: number): NodeInfo | undefined {
    const node = this.#slots[index];
    return node?.object === undefined ? undefined : node;
  }

  node(name: string): NodeInfo | undefined {
    const node = this.#byName.get(name);
    return node?.object === undefined ? undefined : node;
  }

  /** All nodes that have a Node object, in the order of their rows. */
  *nodes(): Generator<NodeInfo> {
    for (const node of this.#slots) if (node?.object !== undefined) yield node;
  }

  /** The node a pod is on or assumed on. */
  nodeOf(uid: string): NodeInfo | undefined {
    return this.#nodeOfPod.get(uid);
  }

  podOf(uid: string): PodInfo | undefined {
    return this.#nodeOfPod.get(uid)?.pods.get(uid);
  }

  /** The pods that are on a node or assumed there. */
  *placed(): Generator<{ readonly node: NodeInfo; readonly pod: PodInfo }> {
    for (const [uid, node] of this.#nodeOfPod) yield { node, pod: node.pods.get(uid)! };
  }

  get podCount(): number {
    return this.#nodeOfPod.size;
  }

  /** How many pods on nodes (assumed ones included) are in groups that pass the test. */
  count(has: (group: PodGroup) => boolean): number {
    return this.#placed.count(has);
  }

  /** True if there is a pod of lower priority on some node. */
  hasBelow(priority: number): boolean {
    for (const each of this.#priorities.keys()) if (each < priority) return true;
    return false;
  }

  setNode(object: StoredNode): NodeInfo {
    const node = this.#slot(object.metadata.name);
    const { object: before, labels, taints } = node;
    if (before === undefined) this.#nodeCount++;
    this.#setObject(node, object);
    const allocatable = new Map<string, number>();
    for (const [name, quantity] of Object.entries(object.status?.allocatable ?? object.status?.capacity ?? {})) {
      allocatable.set(name, amountOf(name, quantity, this.#quantities));
    }
    this.resources.setAllocatable(node.index, allocatable);
    this.log.push(node.index, true);
    // Images and the like come and go; who is near whom follows from labels and taints.
    if (before === undefined || !same(labels, node.labels) || !same(taints, node.taints)) this.relations.nodeChanged(node);
    return node;
  }

  /** The Node object changed in nothing that matters for who fits where. */
  replaceNode(node: NodeInfo, object: StoredNode): void {
    this.#setObject(node, object);
  }

  /** Something else changed that matters for who fits on the node. */
  touchNode(name: string): void {
    const node = this.#byName.get(name);
    if (node !== undefined) this.log.push(node.index, false);
  }

  removeNode(name: string): NodeInfo | undefined {
    const node = this.#byName.get(name);
    if (node?.object === undefined) return undefined;
    this.#setObject(node, undefined);
    this.#nodeCount--;
    this.resources.setAllocatable(node.index, new Map());
    this.log.push(node.index, true);
    this.relations.nodeChanged(node);
    this.#releaseIfUnused(node);
    return node;
  }

  /** Puts a pod on a node; if it is somewhere already, it moves. */
  addPod(pod: PodInfo, nodeName: string): NodeInfo {
    this.removePod(pod.uid);
    const node = this.#slot(nodeName);
    node.addPod(pod);
    this.#nodeOfPod.set(pod.uid, node);
    if (!this.#trying) this.log.push(node.index, false);
    this.#placed.add(pod.group, 1);
    this.#countPriority(pod, 1);
    this.claims.count(pod, 1);
    this.attached.podAdded(pod, node);
    this.relations.podAdded(pod, node);
    return node;
  }

  /** The object of a pod changed in nothing that matters for who fits where. */
  replacePod(pod: PodInfo): void {
    const node = this.#nodeOfPod.get(pod.uid);
    if (node === undefined) return;
    this.#countPriority(node.pods.get(pod.uid)!, -1);
    node.replacePod(pod);
    this.#countPriority(pod, 1);
  }

  removePod(uid: string): NodeInfo | undefined {
    const node = this.#nodeOfPod.get(uid);
    if (node === undefined) return undefined;
    const pod = node.pods.get(uid)!;
    this.#nodeOfPod.delete(uid);
    node.removePod(pod);
    if (!this.#trying) this.log.push(node.index, false);
    this.#placed.add(pod.group, -1);
    this.#countPriority(pod, -1);
    this.claims.count(pod, -1);
    this.attached.podRemoved(pod);
    this.relations.podRemoved(pod, node);
    this.#releaseIfUnused(node);
    return node;
  }

  #countPriority({ priority }: PodInfo, delta: 1 | -1): void {
    const alike = (this.#priorities.get(priority) ?? 0) + delta;
    if (alike === 0) this.#priorities.delete(priority);
    else this.#priorities.set(priority, alike);
  }

  #setObject(node: NodeInfo, object: StoredNode | undefined): void {
    const before = node.images;
    node.setObject(object);
    if (before !== node.images) this.images.replace(before, node.images);
  }

  #slot(name: string): NodeInfo {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const index = this.#free.pop() ?? this.#slots.length;
    if (index >= this.resources.podCount.length) this.resources.grow(2 * this.resources.podCount.length);
    const node = new NodeInfo(index, name, this.resources);
    this.#slots[index] = node;
    this.#byName.set(name, node);
    return node;
  }

  #releaseIfUnused(node: NodeInfo): void {
    if (node.object !== undefined || node.pods.size > 0) return;
    this.#byName.delete(node.name);
    this.#slots[node.index] = undefined;
    this.#free.push(node.index);
  }
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
