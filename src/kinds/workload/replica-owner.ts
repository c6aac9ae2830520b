import type { KubeObject, StoredMeta } from '../../api/object.ts';
import { WaitFailedError } from '../../errors.ts';
import { PodOwner } from './pod-owner.ts';
import type { RolloutWaitOptions } from './rollout.ts';
import { stuckPod } from './stuck-pods.ts';

interface Replicated extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number; readonly observedGeneration?: number };
}

/** Keeps a number of equal Pods of one version. */
export abstract class ReplicaOwner<M extends Replicated> extends PodOwner<M> {
  /** Asks for another number of Pods; `ready()` waits for them. */
  scale(replicas: number): Promise<this> {
    return this.patch({ type: 'merge', patch: { spec: { replicas } } });
  }

  /**
   * Waits until exactly as many Pods as asked for are there and ready. Throws `WaitFailedError` if one of them cannot start (an image
   * that cannot be pulled, a ConfigMap that is missing), `WaitTimeoutError` after the time. Crashes and a lack of nodes are waited out.
   */
  ready(options: RolloutWaitOptions = {}): Promise<this> {
    const wanted = (): number => (this.object as Replicated).spec?.replicas ?? 1;
    const check = (): this | undefined => {
      const { status = {}, metadata } = this.object as Replicated & { readonly metadata: StoredMeta };
      const { replicas: present = 0, readyReplicas = 0, observedGeneration = 0 } = status;
      const complete = present === wanted() && observedGeneration >= (metadata.generation ?? 0);
      if (complete && readyReplicas === wanted()) return this;
      // While there are others than wanted it is not known which of them stay.
      const failure = complete && options.failFast !== false ? stuckPod(this.pods(), ['Unschedulable', 'CrashLoopBackOff']) : undefined;
      if (failure !== undefined)
        throw new WaitFailedError(`${this.what} will not have ${wanted()} ready Pods: ${failure}`, this.evidence(), { object: this.ref });
      return undefined;
    };
    return this.client.waitFor(`${this.what} to have ${wanted()} ready Pods`, check, () => this.evidence(), options);
  }
}
