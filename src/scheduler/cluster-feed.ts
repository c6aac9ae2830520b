import type { StoredObject } from '../api/object.ts';
import type { Bindings } from './bindings.ts';
import type { ObjectChange } from './scheduler.ts';
import type { NodeInfo, StoredNode } from './node-info.ts';
import type { NominatedPods } from './nominated-pods.ts';
import { asPod, isTerminal, type PodInfo, type StoredPod } from './pod-info.ts';
import type { PodInterner } from './pod-interner.ts';
import type { ClusterEvent } from './plugin.ts';
import type { Profile } from './profile.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import type { SchedulingQueue } from './scheduling-queue.ts';

export interface FeedTargets {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly interner: PodInterner;
  readonly nominated: NominatedPods;
  readonly bindings: Bindings;
  readonly profile: (schedulerName: string) => Profile | undefined;
}

/** Takes changes of objects into the cache and the queue, and wakes the pods they may help. */
export class ClusterFeed {
  readonly #to: FeedTargets;

  constructor(targets: FeedTargets) {
    this.#to = targets;
  }

  take(change: ObjectChange): void {
    switch (change.object.kind) {
      case 'Pod':
        return this.#pod(change);
      case 'Node':
        return this.#node(change);
      default:
        return this.#object(change);
    }
  }

  #object(change: ObjectChange): void {
    const { cache } = this.#to;
    cache.objects.take(change);
    cache.attached.objectChanged(change);
    const { kind, metadata } = change.object;
    if (kind === 'Namespace') cache.relations.setNamespace(metadata.name, change.type === 'deleted' ? undefined : (metadata.labels ?? {}));
    this.#wake({ type: 'object', change });
  }

  /** A pod that was assumed on a node will not go there after all: as if it had been deleted, for everybody but itself. */
  released(pod: PodInfo, node: NodeInfo): void {
    this.#to.cache.removePod(pod.uid);
    this.#wake({ type: 'pod-removed', pod, node }, pod.uid);
  }

  #pod(change: ObjectChange): void {
    const pod = asPod(change.object);
    if (change.type === 'deleted' || isTerminal(pod)) return this.#podGone(pod.metadata.uid);
    if ((pod.spec?.nodeName ?? '') !== '') return this.#podBound(pod, change.previous);
    this.#podPending(pod, change.previous);
  }

  #podGone(uid: string): void {
    const { cache, queue, nominated } = this.#to;
    queue.delete(uid);
    nominated.delete(uid);
    this.#abandon(uid);
    const info = cache.podOf(uid);
    const node = cache.removePod(uid);
    if (node !== undefined && info !== undefined) this.#wake({ type: 'pod-removed', pod: info, node });
  }

  /** Whatever was under way for the pod has come to an end elsewhere. */
  #abandon(uid: string): void {
    const binding = this.#to.bindings.forget(uid);
    if (binding !== undefined) this.#to.bindings.unreserve(binding, this.#to.cache);
  }

  #podBound(pod: StoredPod, previous: StoredObject | undefined): void {
    const { cache, queue, interner, nominated } = this.#to;
    const { uid } = pod.metadata;
    queue.delete(uid);
    nominated.delete(uid);
    this.#abandon(uid);
    const info = interner.podInfo(pod);
    const known = cache.podOf(uid);
    const wasBound = previous !== undefined && (asPod(previous).spec?.nodeName ?? '') !== '';
    if (known !== undefined && known.groupKey === info.groupKey && cache.nodeOf(uid)?.name === pod.spec?.nodeName) {
      cache.replacePod(info);
      // Preemption prefers victims that started late.
      if (known.object.status?.startTime !== pod.status?.startTime) cache.touchNode(pod.spec?.nodeName ?? '');
      if (wasBound) return;
    } else cache.addPod(info, pod.spec?.nodeName ?? '');
    const node = cache.nodeOf(uid);
    if (node !== undefined) this.#wake({ type: wasBound ? 'pod-updated' : 'pod-added', pod: info, node });
  }

  #podPending(pod: StoredPod, previous: StoredObject | undefined): void {
    const { cache, queue, interner, nominated } = this.#to;
    const profile = this.#to.profile(pod.spec?.schedulerName ?? 'default-scheduler');
    const { uid } = pod.metadata;
    if (profile === undefined || pod.metadata.deletionTimestamp !== undefined) {
      // Nobody places a pod that is about to go. One that is assumed stays so until its bind has ended one way or the other.
      if (cache.nodeOf(uid) === undefined) this.#podGone(uid);
      return;
    }
    const info = interner.podInfo(pod);
    nominated.set(info, pod.status?.nominatedNodeName ?? '');
    const queued = queue.get(uid);
    const gated = profile.preEnqueue(info) !== undefined;
    if (queued !== undefined) queue.update(queued, info, gated, changesChances(queued.pod, info, previous));
    else if (cache.nodeOf(uid) === undefined) {
      queue.add(info, gated);
      this.#wake({ type: 'pod-pending', pod: info }, uid);
    }
  }

  #node(change: ObjectChange): void {
    const { cache } = this.#to;
    if (change.type === 'deleted') {
      const gone = cache.removeNode(change.object.metadata.name);
      if (gone !== undefined) this.#wake({ type: 'node-removed', node: gone });
      return;
    }
    const known = cache.node(change.object.metadata.name);
    const object = change.object as StoredNode;
    if (known?.object !== undefined && sameForScheduling(known.object, object)) return cache.replaceNode(known, object);
    const node = cache.setNode(object);
    this.#wake({ type: known === undefined ? 'node-added' : 'node-updated', node, change });
  }

  #wake(event: ClusterEvent, except?: string): void {
    const { queue, cache } = this.#to;
    if (!queue.mayWake) return;
    queue.wake(({ uid, pod, refusedBy }) => {
      if (uid === except) return false;
      const profile = this.#to.profile(pod.object.spec?.schedulerName ?? 'default-scheduler');
      return refusedBy.some((name) => profile?.plugin(name)?.isSchedulableAfter?.(event, pod, cache) ?? true);
    });
  }
}

/** True if a pod that was refused may fit because of what changed in itself. Its status cannot help it. */
function changesChances(before: PodInfo, after: PodInfo, previous: StoredObject | undefined): boolean {
  if (before.groupKey !== after.groupKey || before.priority !== after.priority) return true;
  return previous !== undefined && asPod(previous).spec !== after.object.spec;
}

/** Heartbeats and the like change nothing that matters here. */
function sameForScheduling(before: StoredNode, after: StoredNode): boolean {
  if (before.spec !== after.spec && JSON.stringify(before.spec) !== JSON.stringify(after.spec)) return false;
  return (
    samePart(before.metadata.labels, after.metadata.labels) &&
    samePart(before.metadata.annotations, after.metadata.annotations) &&
    samePart(before.status?.allocatable, after.status?.allocatable) &&
    samePart(before.status?.capacity, after.status?.capacity) &&
    samePart(before.status?.images, after.status?.images)
  );
}

function samePart(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
