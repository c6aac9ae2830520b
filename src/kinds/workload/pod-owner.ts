import type { DeleteOptions, DeleteResult } from '../../api/client.ts';
import { Handle } from '../../api/handle.ts';
import type { KubeObject } from '../../api/object.ts';
import { Pod, podKind } from '../pod.ts';
import { controlledBy } from './controlled.ts';

/** So many Pods that are not ready are shown with the evidence. */
const shown = 3;

/** What makes Pods: the verbs that all such kinds share. */
export abstract class PodOwner<M extends KubeObject> extends Handle<M> {
  /** The Pods it controls, ended and leaving ones included. */
  pods(): readonly Pod[] {
    return this.podsOf(this.object);
  }

  override evidence(): string {
    const unready = this.exists ? this.pods().filter((pod) => !pod.ready && pod.phase !== 'Succeeded') : [];
    return [super.evidence(), ...unready.slice(0, shown).map((pod) => `pod ${pod.key}: ${pod.evidence()}`)].join('\n');
  }

  /** Deletes it with its Pods, unless told otherwise. */
  override delete(options: DeleteOptions = {}): Promise<DeleteResult> {
    return super.delete({ propagationPolicy: 'Background', ...options });
  }

  protected podsOf(owner: Parameters<typeof controlledBy>[2]): readonly Pod[] {
    return controlledBy(this.client, podKind, owner).map((pod) => new Pod(pod, this.client).bind(this.client, pod));
  }
}
