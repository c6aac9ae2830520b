import type { PodInfo } from './pod-info.ts';

/** Pods for which room was made on a node, until they are placed: others of no higher priority may not take that room. */
export class NominatedPods {
  readonly #byNode = new Map<string, Map<string, PodInfo>>();
  readonly #nodeOf = new Map<string, string>();
  #withTerms = 0;
  readonly #onChange: (node: string) => void;

  /** `onChange` is told of every node whose nominated pods change. */
  constructor(onChange: (node: string) => void) {
    this.#onChange = onChange;
  }

  get size(): number {
    return this.#nodeOf.size;
  }

  /** True if one of them has affinities of its own: it matters for pods elsewhere, too. */
  get anyWithTerms(): boolean {
    return this.#withTerms > 0;
  }

  nodeOf(uid: string): string | undefined {
    return this.#nodeOf.get(uid);
  }

  set(pod: PodInfo, node: string): void {
    if (this.#nodeOf.get(pod.uid) === node) {
      const pods = this.#byNode.get(node);
      if (pods?.get(pod.uid)?.group.hasTerms === true) this.#withTerms--;
      if (pod.group.hasTerms) this.#withTerms++;
      pods?.set(pod.uid, pod);
      return;
    }
    this.delete(pod.uid);
    if (node === '') return;
    this.#onChange(node);
    if (pod.group.hasTerms) this.#withTerms++;
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
    if (pods?.get(uid)?.group.hasTerms === true) this.#withTerms--;
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(node);
  }

  /** Those on this node that a pod of this priority has to leave room for; `self` is not among them. */
  before(priority: number, node: string, self?: string): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    return pods === undefined ? none : [...pods.values()].filter((other) => other.uid !== self && other.priority >= priority);
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

const none: readonly PodInfo[] = Object.freeze([]);
