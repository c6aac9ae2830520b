import type { PodManifest, PodStatus } from '../api/generated/models.ts';
import type { Instant } from '../env/clock.ts';
import { ApiError } from '../errors.ts';
import { podKind } from '../kinds/pod.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { StoredPod } from './pod-containers.ts';

/** Whose status is written, with what the writer must remember of it. */
export interface WrittenPod {
  readonly pod: StoredPod;
  /** A write is under way. */
  writing: boolean;
  /** The deletion was asked for. */
  deleting: boolean;
  /** The version a write was refused for: the next one waits for a newer object, or for `retryAt`. */
  refused: string | undefined;
  retryAt: Instant | undefined;
  /** The write has ended; `stored` is the object as it is now. */
  written(stored: StoredPod | undefined): void;
  /** The object is gone from the API. */
  gone(): void;
}

/** After a write that failed for a reason a newer object does not heal. */
const retryMs = 1000;

/**
 * Writes pods' statuses and, at the end, the deletion of their objects; one write a pod at a time. In a life without trouble these
 * are the kubelet's writes for a pod:
 *
 * 1. status Pending: start time, host address, ContainerCreating;
 * 2. status Running: addresses, started, ready (one more for each init container, and when a probe changes readiness);
 * 3. status at the end: exit codes and the terminal phase, once the sandbox has stopped;
 * 4. the deletion with grace 0, if the pod is to go.
 *
 * A restart of a container costs two: that it ended (or waits), and that it runs. Steps of a start that take less than a second
 * are not told one by one.
 */
export class StatusWriter {
  readonly #parts: KubeletParts;
  #inFlight = 0;

  constructor(parts: KubeletParts) {
    this.#parts = parts;
  }

  /** Writes that have not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  write(owner: WrittenPod, status: PodStatus): void {
    const { pod } = owner;
    this.#begin(owner);
    this.#parts.client.updateStatus(podKind, { ...pod, status } as unknown as PodManifest, this.#parts.writeOptions).then(
      (stored) => this.#end(owner, stored),
      (error: unknown) => {
        owner.refused = pod.metadata.resourceVersion;
        // 409: somebody else has written; 404: it is gone. Both are told by the view; the timer is for a view that stays silent.
        this.#failed(owner, error, statusOf(error) === 409 || statusOf(error) === 404);
      },
    );
  }

  /** Ends the object: everything of the pod is gone from the node. Once asked for it is not asked again. */
  deleteObject(owner: WrittenPod): void {
    if (owner.writing || owner.deleting) return;
    this.#begin(owner);
    owner.deleting = true;
    const { namespace, name, uid } = owner.pod.metadata;
    const options = { ...this.#parts.writeOptions, gracePeriodSeconds: 0, preconditions: { uid } };
    this.#parts.client.delete(podKind, { namespace, name }, options).then(
      ({ gone }) => {
        // Finalizers of others may keep the object; the kubelet is done with it all the same.
        if (gone) owner.gone();
        this.#end(owner, undefined);
      },
      (error: unknown) => {
        const isGone = statusOf(error) === 404 || statusOf(error) === 409;
        if (isGone) owner.gone();
        else {
          owner.deleting = false;
          owner.refused = owner.pod.metadata.resourceVersion;
        }
        this.#failed(owner, error, isGone);
      },
    );
  }

  #begin(owner: WrittenPod): void {
    owner.writing = true;
    owner.retryAt = undefined;
    this.#inFlight++;
  }

  #end(owner: WrittenPod, stored: StoredPod | undefined): void {
    owner.writing = false;
    this.#inFlight--;
    owner.written(stored);
  }

  #failed(owner: WrittenPod, error: unknown, expected: boolean): void {
    const { clock, logger } = this.#parts;
    const { namespace, name } = owner.pod.metadata;
    if (!expected)
      logger.warn({ pod: `${namespace}/${name}`, error: (error as Error).message }, 'a pod could not be written and will be written again');
    owner.retryAt = clock.now() + retryMs;
    this.#end(owner, undefined);
  }
}

const statusOf = (error: unknown): number => (error instanceof ApiError ? error.status : 0);
