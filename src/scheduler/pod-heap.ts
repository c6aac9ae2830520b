import type { QueuedPod } from './queued-pod.ts';

/** A binary heap of queued pods that can give up any of them. */
export class PodHeap {
  readonly #before: (a: QueuedPod, b: QueuedPod) => boolean;
  readonly #pods: QueuedPod[] = [];

  constructor(before: (a: QueuedPod, b: QueuedPod) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#pods.length;
  }

  peek(): QueuedPod | undefined {
    return this.#pods[0];
  }

  push(pod: QueuedPod): void {
    this.#pods.push(pod);
    this.#up(this.#pods.length - 1, pod);
  }

  pop(): QueuedPod | undefined {
    const first = this.#pods[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** Takes out a pod that is in this heap. */
  remove(pod: QueuedPod): void {
    const at = pod.heapIndex;
    const last = this.#pods.pop();
    pod.heapIndex = -1;
    if (last === undefined || last === pod) return;
    this.#down(at, last);
    if (last.heapIndex === at) this.#up(at, last);
  }

  #up(from: number, pod: QueuedPod): void {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#pods[parentAt]!;
      if (!this.#before(pod, parent)) break;
      this.#put(at, parent);
      at = parentAt;
    }
    this.#put(at, pod);
  }

  #down(from: number, pod: QueuedPod): void {
    const size = this.#pods.length;
    let at = from;
    for (let childAt = 2 * at + 1; childAt < size; childAt = 2 * at + 1) {
      const right = this.#pods[childAt + 1];
      if (right !== undefined && this.#before(right, this.#pods[childAt]!)) childAt++;
      const child = this.#pods[childAt]!;
      if (!this.#before(child, pod)) break;
      this.#put(at, child);
      at = childAt;
    }
    this.#put(at, pod);
  }

  #put(at: number, pod: QueuedPod): void {
    this.#pods[at] = pod;
    pod.heapIndex = at;
  }
}
