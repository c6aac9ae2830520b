import type { KubeObject } from '../../api/object.ts';
import { controllerRevisions } from './controller-revisions.ts';
import { PodOwner } from './pod-owner.ts';
import { Rollout, type RolloutProgress, type RolloutWaitOptions } from './rollout.ts';

/** Keeps its versions as ControllerRevisions, and brings a new one in Pod by Pod. */
export abstract class RevisionedOwner<M extends KubeObject> extends PodOwner<M> {
  /** `kubectl rollout`: how far the newest version has come, its history, and the way back. */
  get rollout(): Rollout {
    const revisions = (): ReturnType<typeof controllerRevisions> => controllerRevisions(this.client, this.object);
    return new Rollout({
      what: this.what,
      ref: this.ref,
      client: this.client,
      progress: () => this.progress(),
      revisions,
      newPods: () => this.pods(),
      evidence: () => this.evidence(),
      patch: (patch) => this.patch(patch),
      restore: ({ name }) => {
        const kept = revisions().find((each) => each.name === name);
        return kept === undefined ? Promise.resolve() : this.patch({ type: 'strategic', patch: kept.data });
      },
      locked: () => undefined,
    });
  }

  /** Waits until the newest version is wherever it should be (a StatefulSet's: above the partition), and is ready. */
  ready(options: RolloutWaitOptions = {}): Promise<RolloutProgress> {
    return this.rollout.wait(options);
  }

  protected abstract progress(): RolloutProgress;
}
