import type { PodInfo } from './pod-info.ts';

/** Pods for which room was made on a node, until they are placed: others of no higher priority may not take that room. */
export class NominatedPods {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();
  readonly #onChange: (node: string) => void;

  /** `onChange` is told of every node whose nominated pods change. */
  constructor(onChange: (node: string) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#nodeOf.size;
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  set(pod: PodInfo, node: string): void {
    if (this.#nodeOf.get(pod.uid) === node) {
      this.#byNode.get(node)?.set(pod.uid, pod);
      return;
    }
    this.delete(pod.uid);
    if (node === '') return;
    this.#onChange(node);
    this.#nodeOf.set(pod.uid, node);
    const pods = this.#byNode.get(node);
    if (pods === undefined) this.#byNode.set(node, new Map([[pod.uid, pod]]));
    else pods.set(pod.uid, pod);
  }

  delete(uid: string): void {
    const node = this.#nodeOf.get(uid);
    if (node === undefined) return;
    this.#nodeOf.delete(uid);
    this.#onChange(node);
    const pods = this.#byNode.get(node);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(node);
  }

  /** Those on this node that `pod` has to leave room for. */
  before(pod: PodInfo, node: string): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    return pods === undefined ? [] : [...pods.values()].filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
  }

  /** Those of lower priority than `pod` on this node: it may take their room. */
  after(pod: PodInfo, node: string): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    return pods === undefined ? [] : [...pods.values()].filter((other) => other.priority < pod.priority);
  }

  nodes(): Iterable<string> {
    return this.#byNode.keys();
  }
}
