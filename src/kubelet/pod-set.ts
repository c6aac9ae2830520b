import { deepEqual } from '../api/deep-equal.ts';
import type { NodeManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { Instant } from '../env/clock.ts';
import { nodeKind } from '../kinds/node.ts';
import { nodeSelectorTest } from '../kinds/node-selector-match.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { isTerminalPhase } from './pod-actions.ts';
import type { NodeLoad } from './node-load.ts';
import { misplaced } from './pod-admission.ts';
import type { StoredPod } from './pod-containers.ts';
import { isAsTold } from './pod-rest.ts';
import { referencesOf } from './pod-volumes.ts';
import { PodWorker } from './pod-worker.ts';
import type { WorkerParts } from './pod-worker.ts';
import { WakeTimes } from './wake-times.ts';

/** After so long a pod that could not be dealt with is tried again. */
const syncRetryMs = 10_000;

/** A pod that streams are asked for. */
export interface KnownPod {
  readonly pod: StoredPod;
  readonly picture: SeenPod | undefined;
}

/** A pod and what the runtime has of it. */
export type SeenPod = Pick<PodWorker, 'pod' | 'sandboxes' | 'containers'>;

/** The pods of a node: who is there, who is to be looked at, who refers to what, how much of the node they take. */
export class PodSet {
  readonly #parts: WorkerParts;
  readonly #load: NodeLoad;
  readonly #workers = new Map<string, PodWorker>();
  /** Pods that are here and have no worker, because nothing is to be done for them: most, most of the time. */
  readonly #resting = new Set<string>();
  readonly #wakes = new WakeTimes<PodWorker>();
  readonly #references = new Map<string, Set<PodWorker>>();
  readonly #follow: (reference: string, on: boolean) => void;
  #dirty: PodWorker[] = [];
  #order = 0;

  /** `follow` is told when a first pod refers to another object (`ConfigMap/<namespace>/<name>`), and when none does any more. */
  constructor(parts: WorkerParts, load: NodeLoad, follow: (reference: string, on: boolean) => void) {
    this.#parts = parts;
    this.#load = load;
    this.#follow = follow;
  }

  get dirty(): boolean {
    return this.#dirty.length > 0;
  }

  get nextAt(): Instant | undefined {
    return this.#wakes.next;
  }

  /** What is known of a pod that is here. Of one at rest that is its object: what the runtime has of it must be asked for. */
  known(uid: string): KnownPod | undefined {
    const worker = this.#workers.get(uid);
    if (worker !== undefined) return { pod: worker.pod, picture: worker.unknown ? undefined : worker };
    const pod = this.#resting.has(uid) ? this.#parts.view.byUid(uid) : undefined;
    return pod === undefined ? undefined : { pod: pod as StoredPod, picture: undefined };
  }

  /**
   * Compares what is known with all there is in the runtime. Whoever looks different is asked about: the list itself may be older than
   * what is known. Returns what belongs to no pod that is here, by pod.
   */
  compare(found: Map<string, SandboxReport[]>, now: Instant): ReadonlyMap<string, readonly SandboxReport[]> {
    const strangers = new Map(found);
    for (const [uid, worker] of this.#workers) {
      if (!worker.unknown && !deepEqual(found.get(uid) ?? [], worker.sandboxes)) worker.runtimeEvent();
      strangers.delete(uid);
    }
    for (const uid of this.#resting) {
      const pod = this.#parts.view.byUid(uid);
      if (pod !== undefined && !isAsTold(pod as StoredPod, found.get(uid) ?? [], this.#parts.runtime.name))
        this.#wake(pod as StoredPod, now);
      strangers.delete(uid);
    }
    return strangers;
  }

  mark(worker: PodWorker): void {
    if (worker.dirty) return;
    worker.dirty = true;
    this.#dirty.push(worker);
  }

  /** A pod is there, or has changed. `reports`: what an earlier kubelet left of it in the runtime. */
  put(pod: StoredPod, now: Instant, reports?: readonly SandboxReport[]): void {
    const { uid } = pod.metadata;
    if (isTerminalPhase(pod.status?.phase)) this.#load.release(uid);
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      if (known.atRest) this.#rest(known);
      return;
    }
    if (this.#wake(pod, now) !== undefined) return;
    // A pod that is over and has left nothing behind is nobody's business until its object goes.
    const over = isTerminalPhase(pod.status?.phase);
    if (over && reports === undefined && pod.metadata.deletionTimestamp === undefined) return;
    const worker = new PodWorker(this.#parts, pod, this.#order++, now);
    this.#workers.set(uid, worker);
    if (reports !== undefined) worker.adopt(reports);
    if (!over) this.#admitOrRefuse(worker);
    for (const reference of referencesOf(pod) ?? []) {
      const users = this.#references.get(reference);
      if (users !== undefined) users.add(worker);
      else {
        this.#references.set(reference, new Set([worker]));
        this.#follow(reference, true);
      }
    }
    this.mark(worker);
  }

  /** The object of a pod is gone. */
  gone(pod: StoredPod, now: Instant): void {
    const { uid } = pod.metadata;
    this.#load.release(uid);
    (this.#workers.get(uid) ?? this.#wake(pod, now))?.gone();
  }

  /** The runtime says that something happened to a pod. */
  runtimeEvent(uid: string, now: Instant): void {
    const worker = this.#workers.get(uid);
    if (worker !== undefined) return worker.runtimeEvent();
    if (!this.#resting.has(uid)) return;
    const pod = this.#parts.view.byUid(uid);
    if (pod !== undefined) this.#wake(pod as StoredPod, now);
  }

  /** Another object has changed: `ConfigMap/<namespace>/<name>`. */
  referenceChanged(reference: string): void {
    for (const worker of this.#references.get(reference) ?? []) worker.referencesChanged();
  }

  /** Looks at everybody whose time has come or to whom something has happened, in the order of their first sight. */
  sync(now: Instant): boolean {
    for (const worker of this.#wakes.due(now)) this.mark(worker);
    if (this.#dirty.length === 0) return false;
    const dirty = this.#dirty;
    this.#dirty = [];
    if (dirty.length > 1) dirty.sort((a, b) => a.order - b.order);
    for (const worker of dirty) {
      worker.dirty = false;
      this.#sync(worker, now);
      if (worker.finished) this.#forget(worker);
      else if (worker.atRest) this.#rest(worker);
      else this.#wakes.note(worker);
    }
    return true;
  }

  /** One pod that cannot be dealt with must not hold up the others: it is told, and tried again. */
  #sync(worker: PodWorker, now: Instant): void {
    try {
      worker.sync(now);
      worker.recheckAt = undefined;
    } catch (error) {
      const { message } = error as Error;
      const { logger, nodeName, operations } = this.#parts;
      logger.error({ node: nodeName, pod: worker.pod.metadata.name, error: message }, 'a pod could not be dealt with');
      this.#parts.event(worker.pod, 'Warning', 'FailedSync', `error syncing pod, will be tried again: ${message}`);
      // What the runtime said of it may be wrong: it is asked anew, now and then.
      if (worker.recheckAt !== undefined && worker.recheckAt <= now) operations.recheck(worker);
      if (worker.recheckAt === undefined || worker.recheckAt <= now) worker.recheckAt = now + syncRetryMs;
      worker.wakeAt = worker.recheckAt;
    }
  }

  abandon(): void {
    for (const worker of this.#workers.values()) worker.abandon();
    this.#workers.clear();
    this.#resting.clear();
    this.#references.clear();
    this.#dirty = [];
  }

  #rest(worker: PodWorker): void {
    this.#workers.delete(worker.uid);
    this.#wakes.forget(worker);
    this.#resting.add(worker.uid);
  }

  /** A worker for a pod that was at rest; undefined for any other. */
  #wake(pod: StoredPod, now: Instant): PodWorker | undefined {
    const { uid } = pod.metadata;
    if (!this.#resting.delete(uid)) return undefined;
    const worker = PodWorker.woken(this.#parts, pod, this.#order++, now);
    this.#workers.set(uid, worker);
    worker.look();
    return worker;
  }

  #forget(worker: PodWorker): void {
    const { uid, pod } = worker;
    this.#workers.delete(uid);
    this.#wakes.forget(worker);
    this.#load.release(uid);
    for (const reference of referencesOf(pod) ?? []) {
      const users = this.#references.get(reference);
      users?.delete(worker);
      if (users?.size !== 0) continue;
      this.#references.delete(reference);
      this.#follow(reference, false);
    }
  }

  #admitOrRefuse(worker: PodWorker): void {
    try {
      this.#admit(worker);
    } catch (error) {
      const message = `Unexpected error while checking whether the pod may run here: ${(error as Error).message}`;
      this.#parts.event(worker.pod, 'Warning', 'UnexpectedAdmissionError', message);
      worker.refuse({ reason: 'UnexpectedAdmissionError', message, rejected: true });
    }
  }

  /** Lets a pod in, or says why not; one that runs already is let in again only if it still belongs here. */
  #admit(worker: PodWorker): void {
    const { pod, uid } = worker;
    const { spec } = pod;
    if (spec === undefined) return;
    const node = this.#parts.view.get(nodeKind, undefined, this.#parts.nodeName);
    const deleted = pod.metadata.deletionTimestamp !== undefined;
    const verdict = deleted
      ? undefined
      : ((node === undefined ? undefined : misplaced(pod, node, matchesAffinity)) ?? this.#load.shortage(spec));
    if (verdict === undefined) return this.#load.take(uid, spec);
    this.#parts.event(pod, 'Warning', verdict.reason, verdict.message);
    worker.refuse(verdict);
  }
}

function matchesAffinity({ spec }: StoredPod, node: Stored<NodeManifest>): boolean {
  const labels = node.metadata.labels ?? {};
  for (const [key, value] of Object.entries(spec?.nodeSelector ?? {})) if (labels[key] !== value) return false;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || nodeSelectorTest(required)({ name: node.metadata.name, labels });
}
