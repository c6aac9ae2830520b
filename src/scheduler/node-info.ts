import type { NodeManifest, Taint } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { HostPorts } from './host-ports.ts';
import type { PodInfo } from './pod-info.ts';
import type { ResourceTable } from './resource-table.ts';

export type StoredNode = Stored<NodeManifest>;

const noLabels: Readonly<Record<string, string>> = Object.freeze({});
const noTaints: readonly Taint[] = Object.freeze([]);
const noImages: ReadonlyMap<string, number> = new Map();

/**
 * One node as the scheduler sees it: the Node object, the pods on it (assumed ones included), and what they hold. Only the
 * `SchedulerCache` changes it; plugins read.
 */
export class NodeInfo {
  /** Its row in the resource table and in every array by node. */
  readonly index: number;
  readonly name: string;
  readonly #table: ResourceTable;
  readonly #pods = new Map<string, PodInfo>();
  readonly #ports = new HostPorts();
  #object: StoredNode | undefined;
  #labels = noLabels;
  #taints = noTaints;
  #images = noImages;

  constructor(index: number, name: string, table: ResourceTable) {
    this.index = index;
    this.name = name;
    this.#table = table;
  }

  /** undefined while there are pods bound to a node of this name, but no such Node. */
  get object(): StoredNode | undefined {
    return this.#object;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#labels;
  }

  get taints(): readonly Taint[] {
    return this.#taints;
  }

  get unschedulable(): boolean {
    return this.#object?.spec?.unschedulable === true;
  }

  /** Bytes by every name of an image the node has. */
  get images(): ReadonlyMap<string, number> {
    return this.#images;
  }

  /** By uid, in the order in which they came. */
  get pods(): ReadonlyMap<string, PodInfo> {
    return this.#pods;
  }

  get ports(): Pick<HostPorts, 'conflicts'> {
    return this.#ports;
  }

  get resources(): ResourceTable {
    return this.#table;
  }

  allocatable(resource: string): number {
    return this.#table.allocatable[this.#table.column(resource)]![this.index]!;
  }

  requested(resource: string): number {
    return this.#table.requested[this.#table.column(resource)]![this.index]!;
  }

  /** Of the cache alone. */
  setObject(object: StoredNode | undefined): void {
    this.#object = object;
    this.#labels = object?.metadata.labels ?? noLabels;
    this.#taints = object?.spec?.taints ?? noTaints;
    const images = object?.status?.images ?? [];
    this.#images =
      images.length === 0
        ? noImages
        : new Map(images.flatMap(({ names, sizeBytes }) => (names ?? []).map((name) => [name, sizeBytes ?? 0] as const)));
  }

  /** Of the cache alone. */
  addPod(pod: PodInfo): void {
    this.#pods.set(pod.uid, pod);
    const { columns, scoringCpu, scoringMemory, hostPorts } = pod.shape;
    this.#table.addPod(this.index, columns, scoringCpu, scoringMemory, 1);
    for (const port of hostPorts) this.#ports.add(port);
  }

  /** Of the cache alone: the pods are in the order of these uids, those of them that are here. */
  orderPods(uids: readonly string[]): void {
    const known = new Map(this.#pods);
    this.#pods.clear();
    for (const uid of uids) if (known.has(uid)) this.#pods.set(uid, known.get(uid)!);
  }

  /** Of the cache alone: the same pod, with the same shape. */
  replacePod(pod: PodInfo): void {
    this.#pods.set(pod.uid, pod);
  }

  /** Of the cache alone. */
  removePod(pod: PodInfo): void {
    this.#pods.delete(pod.uid);
    const { columns, scoringCpu, scoringMemory, hostPorts } = pod.shape;
    this.#table.addPod(this.index, columns, scoringCpu, scoringMemory, -1);
    for (const port of hostPorts) this.#ports.remove(port);
  }
}
