import type { Client, Patch, WaitOptions } from '../../api/client.ts';
import type { PodTemplateSpec } from '../../api/generated/models.ts';
import { formatTime } from '../../api/time.ts';
import { BadRequestError, NotFoundError, WaitFailedError, type ObjectRef } from '../../errors.ts';
import type { Pod } from '../pod.ts';
import { stuckPod } from './stuck-pods.ts';

/** How far a new version has come, in kubectl's words. */
export interface RolloutProgress {
  readonly done: boolean;
  readonly message: string;
  /** Why it will not be done by itself. */
  readonly failure?: string;
}

/** A version that was rolled out. */
export interface RolloutRevision {
  readonly revision: number;
  /** The ReplicaSet or ControllerRevision that keeps it. */
  readonly name: string;
  readonly template: PodTemplateSpec;
  /** The annotation `kubernetes.io/change-cause`. */
  readonly changeCause: string | undefined;
}

/** What a rollout is of. */
export interface RolloutSubject {
  /** `deployment default/web` */
  readonly what: string;
  readonly ref: ObjectRef;
  readonly client: Client;
  progress(): RolloutProgress;
  /** In any order. */
  revisions(): readonly RolloutRevision[];
  /** Pods of the version that is rolled out. */
  newPods(): readonly Pod[];
  evidence(): string;
  patch(patch: Patch): Promise<unknown>;
  /** Makes an old version the one that is wanted. */
  restore(revision: RolloutRevision): Promise<unknown>;
  /** Why its template may not be changed now; undefined if it may. */
  locked(): string | undefined;
}

export interface RolloutWaitOptions extends WaitOptions {
  /** Fail as soon as it can no longer be done (deadline passed, an image that cannot be pulled, no node). True unless given. */
  readonly failFast?: boolean;
}

/**
 * The verbs of `kubectl rollout`.
 * Source: https://kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/
 */
export class Rollout {
  readonly #subject: RolloutSubject;

  constructor(subject: RolloutSubject) {
    this.#subject = subject;
  }

  /** How far the newest version has come, at this moment. */
  status(): RolloutProgress {
    return this.#subject.progress();
  }

  /** Waits until the newest version is everywhere. Throws `WaitFailedError` if that can no longer happen, `WaitTimeoutError` after the time. */
  async wait(options: RolloutWaitOptions = {}): Promise<RolloutProgress> {
    const subject = this.#subject;
    const check = (): RolloutProgress | undefined => {
      const progress = subject.progress();
      const failure = progress.failure ?? (options.failFast === false || progress.done ? undefined : stuckPod(subject.newPods()));
      if (failure !== undefined)
        throw new WaitFailedError(`${subject.what} will not be rolled out: ${failure}`, subject.evidence(), { object: subject.ref });
      return progress.done ? progress : undefined;
    };
    const evidence = (): string => `${subject.progress().message}\n${subject.evidence()}`;
    return subject.client.waitFor(`${subject.what} to be rolled out`, check, evidence, options);
  }

  /** The versions that are kept, oldest first. */
  history(): readonly RolloutRevision[] {
    return [...this.#subject.revisions()].sort((a, b) => a.revision - b.revision);
  }

  /** Back to an earlier version: the one before the present one unless `toRevision` names another. Answers with what is wanted now. */
  async undo(options: { readonly toRevision?: number } = {}): Promise<RolloutRevision> {
    this.#requireUnlocked('roll back');
    const history = this.history();
    const { toRevision = 0 } = options;
    const target = toRevision === 0 ? history.at(-2) : history.find(({ revision }) => revision === toRevision);
    if (target === undefined) {
      const known = history.map(({ revision }) => revision).join(', ') || 'none';
      const missing = toRevision === 0 ? 'a last revision to roll back to' : `revision ${toRevision}`;
      throw new NotFoundError(`${this.#subject.what} has no ${missing.replace(/^a /, '')}: it keeps ${known}`);
    }
    await this.#subject.restore(target);
    return target;
  }

  /** Replaces all Pods, as a new version would. */
  async restart(): Promise<void> {
    this.#requireUnlocked('restart');
    const annotations = { 'kubectl.kubernetes.io/restartedAt': formatTime(this.#subject.client.now()) };
    await this.#subject.patch({ type: 'merge', patch: { spec: { template: { metadata: { annotations } } } } });
  }

  #requireUnlocked(verb: string): void {
    const why = this.#subject.locked();
    if (why !== undefined) throw new BadRequestError(`cannot ${verb} ${this.#subject.what}: ${why}`);
  }
}
