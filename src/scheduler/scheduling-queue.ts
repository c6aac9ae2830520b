import type { Instant } from '../env/clock.ts';
import type { GroupCensus } from './group-census.ts';
import { ParkedPods } from './parked-pods.ts';
import { PodHeap } from './pod-heap.ts';
import type { PodInfo } from './pod-info.ts';
import type { QueuedPod } from './queued-pod.ts';

export interface SchedulingQueueOptions {
  /** Told of the groups of the pods that are here and not under way. */
  readonly census: GroupCensus;
  readonly compare: (a: QueuedPod, b: QueuedPod) => number;
  /** Milliseconds; 1,000 unless given. */
  readonly backoffInitialMs?: number;
  /** Milliseconds; 10,000 unless given. */
  readonly backoffMaxMs?: number;
  /** After so many milliseconds an unschedulable pod is tried again whatever happened; 300,000 unless given. */
  readonly unschedulableMaxMs?: number;
}

/**
 * The pods that are not bound: due ones by priority, those waiting out their back-off, those no node would take, and those
 * behind a gate. Knows no clock: it is told the time.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
 */
export class SchedulingQueue {
  readonly #census: GroupCensus;
  readonly #backoffInitialMs: number;
  readonly #backoffMaxMs: number;
  readonly #unschedulableMaxMs: number;
  readonly #pods = new Map<string, QueuedPod>();
  readonly #active: PodHeap;
  readonly #backoff: PodHeap;
  readonly #parked = new ParkedPods();
  #sequence = 0;
  /** Pods between pop and the end of their attempt. */
  readonly #inFlight = new Set<QueuedPod>();

  constructor(options: SchedulingQueueOptions) {
    this.#census = options.census;
    this.#backoffInitialMs = options.backoffInitialMs ?? 1_000;
    this.#backoffMaxMs = options.backoffMaxMs ?? 10_000;
    this.#unschedulableMaxMs = options.unschedulableMaxMs ?? 300_000;
    this.#active = new PodHeap((a, b) => (options.compare(a, b) || a.sequence - b.sequence) < 0);
    this.#backoff = new PodHeap((a, b) => (this.#dueAt(a) - this.#dueAt(b) || a.sequence - b.sequence) < 0);
  }

  get(uid: string): QueuedPod | undefined {
    return this.#pods.get(uid);
  }

  get size(): number {
    return this.#pods.size;
  }

  /** How many pods stand where. */
  counts(): Readonly<Record<QueuedPod['state'], number>> {
    const counts = { active: 0, backoff: 0, unschedulable: 0, gated: 0, 'in-flight': 0 };
    for (const { state } of this.#pods.values()) counts[state]++;
    return counts;
  }

  pods(): Iterable<QueuedPod> {
    return this.#pods.values();
  }

  /** A pod that is new here. */
  add(pod: PodInfo, gated: boolean): void {
    const queued: QueuedPod = {
      uid: pod.uid,
      pod,
      state: 'gated',
      sequence: 0,
      attempts: 0,
      failedAt: undefined,
      refusedBy: [],
      wokenInFlight: false,
      heapIndex: -1,
    };
    this.#pods.set(pod.uid, queued);
    this.#census.add(pod.group, 1);
    if (!gated) this.#activate(queued);
  }

  delete(uid: string): void {
    const queued = this.#pods.get(uid);
    if (queued === undefined) return;
    this.#takeOut(queued);
    this.#inFlight.delete(queued);
    this.#pods.delete(uid);
    if (queued.state !== 'in-flight') this.#census.add(queued.pod.group, -1);
  }

  /** The object changed. `wake`: so that it may fit now. */
  update(queued: QueuedPod, pod: PodInfo, gated: boolean, wake: boolean): void {
    const { state } = queued;
    if (state === 'in-flight') {
      queued.pod = pod;
      queued.wokenInFlight ||= wake;
      return;
    }
    this.#census.add(queued.pod.group, -1);
    this.#census.add(pod.group, 1);
    if (state === 'unschedulable' && !wake && !gated && queued.pod.groupKey === pod.groupKey) {
      queued.pod = pod;
      return;
    }
    // Its priority or shape may have changed: it is put where it belongs with them.
    this.#takeOut(queued);
    queued.pod = pod;
    if (gated) queued.state = 'gated';
    else if (state === 'unschedulable' && !wake) this.#park(queued);
    else if (state === 'active') this.#enterActive(queued);
    else if (state === 'backoff' || state === 'unschedulable') this.#enterBackoff(queued);
    else this.#activate(queued);
  }

  /** The pod that is to be scheduled next, if any is due. */
  pop(now: Instant): QueuedPod | undefined {
    this.#releaseDue(now);
    const queued = this.#active.pop();
    if (queued === undefined) return undefined;
    queued.state = 'in-flight';
    this.#census.add(queued.pod.group, -1);
    queued.wokenInFlight = false;
    queued.attempts++;
    this.#inFlight.add(queued);
    return queued;
  }

  /** Its attempt came to nothing: no node would take it (`refusedBy` says which plugins), or a write failed (none). */
  failed(queued: QueuedPod, now: Instant, refusedBy: readonly string[]): void {
    if (this.#pods.get(queued.uid) !== queued) return;
    this.#inFlight.delete(queued);
    this.#census.add(queued.pod.group, 1);
    queued.failedAt = now;
    queued.refusedBy = refusedBy;
    if (refusedBy.length === 0 || queued.wokenInFlight) this.#enterBackoff(queued);
    else this.#park(queued);
  }

  /**
   * Something happened: those unschedulable pods for which `wakes` says so become due after their back-off. Asked once for all
   * pods of a group that is alike.
   */
  wake(wakes: (sample: QueuedPod) => boolean): void {
    for (const queued of this.#parked.takeIf(wakes)) this.#enterBackoff(queued);
    for (const queued of this.#inFlight) queued.wokenInFlight ||= wakes(queued);
  }

  /** True if an event may matter to anybody here. */
  get mayWake(): boolean {
    return this.#parked.size > 0 || this.#inFlight.size > 0;
  }

  /** True if a pod is due without any more waiting. */
  get hasActive(): boolean {
    return this.#active.size > 0;
  }

  /** When there will be something to do if nothing happens; undefined: never. */
  nextDueAt(): Instant | undefined {
    const backoff = this.#backoff.peek();
    const oldest = this.#parked.oldest();
    const dueAt = backoff === undefined ? undefined : this.#dueAt(backoff);
    const flushAt = oldest === undefined ? undefined : oldest.failedAt! + this.#unschedulableMaxMs;
    if (dueAt === undefined || flushAt === undefined) return dueAt ?? flushAt;
    return Math.min(dueAt, flushAt);
  }

  #releaseDue(now: Instant): void {
    for (let queued = this.#backoff.peek(); queued !== undefined && this.#dueAt(queued) <= now; queued = this.#backoff.peek()) {
      this.#backoff.pop();
      this.#activate(queued);
    }
    for (
      let queued = this.#parked.oldest();
      queued !== undefined && queued.failedAt! + this.#unschedulableMaxMs <= now;
      queued = this.#parked.oldest()
    ) {
      this.#parked.remove(queued);
      this.#activate(queued);
    }
  }

  /** When a pod's back-off ends: 1 s after its first failure, doubling, at most 10 s. */
  #dueAt({ failedAt, attempts }: QueuedPod): Instant {
    if (failedAt === undefined || attempts === 0) return 0;
    return failedAt + Math.min(this.#backoffInitialMs * 2 ** (attempts - 1), this.#backoffMaxMs);
  }

  #activate(queued: QueuedPod): void {
    queued.sequence = ++this.#sequence;
    this.#enterActive(queued);
  }

  #enterActive(queued: QueuedPod): void {
    queued.state = 'active';
    this.#active.push(queued);
  }

  #enterBackoff(queued: QueuedPod): void {
    queued.state = 'backoff';
    this.#backoff.push(queued);
  }

  #park(queued: QueuedPod): void {
    queued.state = 'unschedulable';
    this.#parked.add(queued);
  }

  #takeOut(queued: QueuedPod): void {
    if (queued.state === 'active') this.#active.remove(queued);
    else if (queued.state === 'backoff') this.#backoff.remove(queued);
    else if (queued.state === 'unschedulable') this.#parked.remove(queued);
  }
}
