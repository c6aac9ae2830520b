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
import { referencesOf } from './pod-volumes.ts';
import { PodWorker } from './pod-worker.ts';
import type { WorkerParts } from './pod-worker.ts';
import { WakeTimes } from './wake-times.ts';

/** The pods of a node: who is there, who is to be looked at, who refers to what, how much of the node they take. */
export class PodSet {
  readonly #parts: WorkerParts;
  readonly #load: NodeLoad;
  readonly #workers = new Map<string, PodWorker>();
  readonly #wakes = new WakeTimes<PodWorker>();
  readonly #references = new Map<string, Set<PodWorker>>();
  #dirty: PodWorker[] = [];
  #order = 0;

  constructor(parts: WorkerParts, load: NodeLoad) {
    this.#parts = parts;
    this.#load = load;
  }

  get dirty(): boolean {
    return this.#dirty.length > 0;
  }

  get nextAt(): Instant | undefined {
    return this.#wakes.next;
  }

  get(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  all(): IterableIterator<PodWorker> {
    return this.#workers.values();
  }

  mark(worker: PodWorker): void {
    if (worker.dirty) return;
    worker.dirty = true;
    this.#dirty.push(worker);
  }

  /** A pod is there, or has changed. `reports`: what an earlier kubelet left of it in the runtime. */
  put(pod: StoredPod, now: Instant, reports?: readonly SandboxReport[]): void {
    const { uid } = pod.metadata;
    const known = this.#workers.get(uid);
    if (known !== undefined) {
      known.update(pod);
      if (isTerminalPhase(pod.status?.phase)) this.#load.release(uid);
      return;
    }
    // A pod that is over and has left nothing behind is nobody's business until its object goes.
    const over = isTerminalPhase(pod.status?.phase);
    if (over && reports === undefined && pod.metadata.deletionTimestamp === undefined) return;
    const worker = new PodWorker(this.#parts, pod, this.#order++, now);
    this.#workers.set(uid, worker);
    if (reports !== undefined) worker.adopt(reports);
    if (!over) this.#admit(worker);
    for (const reference of referencesOf(pod) ?? []) {
      const users = this.#references.get(reference);
      if (users === undefined) this.#references.set(reference, new Set([worker]));
      else users.add(worker);
    }
    this.mark(worker);
  }

  /** The object of a pod is gone. */
  gone(uid: string): void {
    this.#load.release(uid);
    this.#workers.get(uid)?.gone();
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
      worker.sync(now);
      if (worker.finished) this.#forget(worker);
      else this.#wakes.note(worker);
    }
    return true;
  }

  abandon(): void {
    for (const worker of this.#workers.values()) worker.abandon();
    this.#workers.clear();
    this.#references.clear();
    this.#dirty = [];
  }

  #forget(worker: PodWorker): void {
    const { uid, pod } = worker;
    this.#workers.delete(uid);
    this.#wakes.forget(worker);
    this.#load.release(uid);
    for (const reference of referencesOf(pod) ?? []) {
      const users = this.#references.get(reference);
      users?.delete(worker);
      if (users?.size === 0) this.#references.delete(reference);
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
