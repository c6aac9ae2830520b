import { deepEqual } from '../api/deep-equal.ts';
import type { Instant } from '../env/clock.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import type { StartTarget } from './container-start.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import { deadlineOf, earlier, endingCause, isTerminalPhase } from './pod-actions.ts';
import { anyRunning, podContainers } from './pod-containers.ts';
import type { PodContainers, StoredPod } from './pod-containers.ts';
import { decide } from './pod-decision.ts';
import { newPodMemory } from './pod-memory.ts';
import type { PodMemory, Verdict } from './pod-memory.ts';
import type { OperatedPod, PodOperations } from './pod-operations.ts';
import { canRest } from './pod-rest.ts';
import { computeStatus } from './pod-status.ts';
import { PodVolumes } from './pod-volumes.ts';
import { noteRuns } from './probe-runs.ts';
import type { StatusWriter, WrittenPod } from './status-writer.ts';

/** What all workers of a node share. */
export interface WorkerParts extends KubeletParts {
  readonly operations: PodOperations;
  readonly writer: StatusWriter;
  /** The worker wants to be looked at in the next step. */
  readonly onDirty: (worker: PodWorker) => void;
}

/** Progress that is overtaken within so many milliseconds is not written. */
const progressMs = 1000;

const noSandboxes: readonly SandboxReport[] = [];

/**
 * One pod of the node, from the first sight of its object until nothing of it is left. It decides (`decide`, pure), has it done
 * (`PodOperations`) and tells the API what came of it (`StatusWriter`).
 */
export class PodWorker implements OperatedPod, StartTarget, WrittenPod {
  /** Its place among the pods of the node: by first sight. */
  readonly order: number;
  readonly memory: PodMemory;
  sandboxes: readonly SandboxReport[] = noSandboxes;
  /** When it wants to be looked at though nothing happens. */
  wakeAt: Instant | undefined;
  /** Waits to be looked at. */
  dirty = false;
  /** It could not be dealt with: when the runtime is asked about it anew. */
  recheckAt: Instant | undefined;
  /** It was at rest: what the runtime has of it is found out before anything is decided. */
  unknown = false;
  writing = false;
  deleting = false;
  refused: string | undefined;
  retryAt: Instant | undefined;
  inspection: OperatedPod['inspection'] = 'none';
  inspectAt: Instant = 0;
  abort: AbortController | undefined;
  served = false;
  volumes: PodVolumes | undefined;
  volumesDue = false;
  readonly #parts: WorkerParts;
  #pod: StoredPod;
  #containers: PodContainers | undefined;
  /** Since when something that shows in the status may have changed. */
  #statusSince: Instant | undefined;
  /** The view has told of the object as it is known here. */
  #seen = true;
  #finished = false;

  constructor(parts: WorkerParts, pod: StoredPod, order: number, now: Instant) {
    this.#parts = parts;
    this.#pod = pod;
    this.order = order;
    this.memory = newPodMemory(pod.status?.startTime === undefined ? now : Date.parse(pod.status.startTime));
    this.#statusSince = now;
  }

  /** Of a pod that was at rest. */
  static woken(parts: WorkerParts, pod: StoredPod, order: number, now: Instant): PodWorker {
    const worker = new PodWorker(parts, pod, order, now);
    worker.unknown = true;
    worker.inspection = 'due';
    return worker;
  }

  get pod(): StoredPod {
    return this.#pod;
  }

  get uid(): string {
    return this.#pod.metadata.uid;
  }

  /** True once nothing of the pod is left, here or in the API. */
  get finished(): boolean {
    return this.#finished;
  }

  /** True while something is being done that will change what the runtime reports. */
  get busy(): boolean {
    const { starting, makingSandbox, busy, stopping } = this.memory;
    return (
      starting !== undefined || makingSandbox || (busy !== undefined && busy.size > 0) || (stopping !== undefined && stopping.size > 0)
    );
  }

  /**
   * True if nothing is left to be done, waited for or told, and all that is known of the pod can be found out anew: from its object,
   * and by asking the runtime. Such a pod needs no worker until something happens.
   */
  get atRest(): boolean {
    const { memory } = this;
    if (this.dirty || this.unknown || !this.#seen || this.#statusSince !== undefined || this.#finished || memory.gone) return false;
    if ((this.wakeAt ?? this.retryAt ?? this.recheckAt ?? this.refused) !== undefined) return false;
    if (this.writing || this.deleting || this.busy || this.inspection !== 'none') return false;
    if ((memory.containers ?? memory.probes) !== undefined || memory.sandboxFailures > 0) return false;
    return (memory.endingAtMs === undefined || isTerminalPhase(this.#pod.status?.phase)) && canRest(this.#pod, this.sandboxes);
  }

  get containers(): PodContainers {
    return (this.#containers ??= podContainers(this.#pod, this.sandboxes, this.memory));
  }

  /** Fires when the pod is to end. */
  get signal(): AbortSignal {
    return (this.abort ??= new AbortController()).signal;
  }

  /** True if the pod is to end. */
  get ending(): boolean {
    return endingCause(this.#pod, this.containers, this.memory) !== undefined;
  }

  /** The object has changed. */
  update(pod: StoredPod): void {
    const old = this.#pod;
    const newer = Number(pod.metadata.resourceVersion) - Number(old.metadata.resourceVersion);
    if (newer >= 0) this.#seen = true;
    if (newer <= 0) return;
    this.#pod = pod;
    this.#containers = undefined;
    if (pod.metadata.labels !== old.metadata.labels || pod.metadata.annotations !== old.metadata.annotations) this.referencesChanged();
    if (pod.status === old.status) this.look();
    else this.touch();
  }

  /** The object is gone from the API. */
  gone(): void {
    this.memory.gone = true;
    this.touch();
  }

  written(stored: StoredPod | undefined): void {
    if (stored !== undefined && Number(stored.metadata.resourceVersion) > Number(this.#pod.metadata.resourceVersion)) {
      this.#pod = stored;
      this.#seen = false;
      this.#containers = undefined;
    }
    // What was refused, or was lost on the way, is still to be told.
    if (stored === undefined) this.#statusSince ??= this.#parts.clock.now();
    // A status that was accepted as it is leaves nothing to do, unless something has happened meanwhile.
    if (stored === undefined || this.#statusSince !== undefined || this.memory.endingAtMs !== undefined) this.look();
  }

  /** Not to be run: it failed admission. */
  refuse(verdict: Verdict): void {
    this.memory.verdict = verdict;
    this.touch();
  }

  /** What an earlier kubelet left running: it goes on, and its volumes are brought up to date. */
  adopt(sandboxes: readonly SandboxReport[]): void {
    if ((this.#pod.spec?.volumes?.length ?? 0) > 0) {
      this.memory.volumesReady = true;
      this.volumes = new PodVolumes(this.#parts);
      this.volumesDue = true;
    }
    this.report(sandboxes);
  }

  /** What the runtime has of the pod now. */
  report(sandboxes: readonly SandboxReport[]): void {
    this.sandboxes = sandboxes;
    this.unknown = false;
    this.#containers = undefined;
    noteRuns(this.#pod, this.containers, this.memory);
    this.touch();
  }

  /** The runtime says that something happened. */
  runtimeEvent(): void {
    if (this.inspection === 'none') this.inspection = 'due';
    else if (this.inspection === 'running') this.inspection = 'again';
    this.look();
  }

  /** A ConfigMap, Secret or claim the pod refers to has changed: what waited for it is tried again. */
  referencesChanged(): void {
    if (this.volumes !== undefined) this.volumesDue = true;
    if (this.memory.sandboxFailures > 0) this.memory.sandboxRetryAtMs = 0;
    for (const known of this.memory.containers?.values() ?? [])
      if (known.waiting?.reason === 'CreateContainerConfigError') known.retryAtMs = 0;
    this.look();
  }

  /** To be looked at, and its status too. */
  touch(): void {
    this.#statusSince ??= this.#parts.clock.now();
    this.look();
  }

  /** Does what is due. */
  sync(now: Instant): void {
    if (this.#finished) return;
    const { operations } = this.#parts;
    const { memory } = this;
    if (this.unknown) {
      this.wakeAt = operations.step(this, now, false);
      return;
    }
    if (this.retryAt !== undefined && this.retryAt <= now) {
      this.retryAt = undefined;
      this.refused = undefined;
    }
    this.#checkDeadline(now);
    if (memory.endingAtMs === undefined && this.ending) {
      memory.endingAtMs = now;
      operations.beginEnding(this);
      // While something runs the end shows in nothing yet.
      if (!anyRunning(this.containers)) this.#statusSince ??= now;
    }
    const draining = operations.isDraining(this);
    const { pod, sandboxes, containers } = this;
    const decision = decide({ pod, sandboxes, containers, memory, now, draining, drainMs: this.#parts.drainMs });
    this.wakeAt = earlier(decision.wakeAt, this.retryAt);
    let finish = false;
    for (const action of decision.actions) {
      if (action.type === 'finish') finish = true;
      else operations.perform(this, action, now);
    }
    this.wakeAt = earlier(this.wakeAt, operations.step(this, now, draining));
    this.#conclude(now, finish);
    // A pod at rest costs no more memory than it must.
    if (decision.actions.length === 0 && !this.busy) this.#containers = undefined;
  }

  /** Lets go of the pod: what is under way is not waited for. */
  abandon(): void {
    this.#finished = true;
    this.abort?.abort();
  }

  look(): void {
    if (!this.dirty) this.#parts.onDirty(this);
  }

  statusChanged(): void {
    this.#statusSince ??= this.#parts.clock.now();
  }

  #checkDeadline(now: Instant): void {
    const deadline = deadlineOf(this.#pod, this.memory.seenAtMs);
    if (deadline === undefined || now < deadline || this.memory.verdict !== undefined || this.ending) return;
    const message = 'Pod was active on the node longer than the specified deadline';
    this.#parts.event(this.#pod, 'Normal', 'DeadlineExceeded', message);
    this.memory.verdict = { reason: 'DeadlineExceeded', message, rejected: false };
    this.#statusSince ??= now;
  }

  #status(now: Instant): ReturnType<typeof computeStatus> {
    const { runtime, hostIp, times, pool } = this.#parts;
    const shown = this.memory.lastReports ?? this.sandboxes;
    const containers = shown === this.sandboxes ? this.containers : podContainers(this.#pod, shown, this.memory);
    return computeStatus({
      pod: this.#pod,
      sandboxes: shown,
      containers,
      memory: this.memory,
      now,
      runtimeName: runtime.name,
      hostIp,
      times,
      pool,
    });
  }

  /** Writes what there is to say; once all is said and nothing is left, the object is deleted. */
  #conclude(now: Instant, finish: boolean): void {
    if (this.#finished || this.writing || this.deleting) return;
    if (this.memory.gone) {
      this.#finished = finish;
      return;
    }
    if (this.#statusSince !== undefined && this.refused !== this.#pod.metadata.resourceVersion && !this.#isHeld(now)) {
      this.#statusSince = undefined;
      const status = this.#status(now);
      if (!deepEqual(status, this.#pod.status)) return this.#parts.writer.write(this, status);
    }
    if (finish && this.#statusSince === undefined && this.refused !== this.#pod.metadata.resourceVersion)
      this.#parts.writer.deleteObject(this);
  }

  /** Whether the status waits, because it will have changed again in a moment. */
  #isHeld(now: Instant): boolean {
    const { starting, makingSandbox, busy } = this.memory;
    // The first status (start time, ContainerCreating) is told at once.
    if (this.#pod.status?.startTime === undefined) return false;
    if (busy !== undefined && this.sandboxes.some(({ id }) => busy.has(id))) return true;
    if (starting === undefined && !makingSandbox) return false;
    const until = this.#statusSince! + progressMs;
    if (now >= until) return false;
    this.wakeAt = earlier(this.wakeAt, until);
    return true;
  }
}
