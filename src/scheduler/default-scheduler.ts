import type { StoredObject } from '../api/object.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { ApiError, ConfigurationError } from '../errors.ts';
import { Bindings, type Binding } from './bindings.ts';
import { ClusterFeed } from './cluster-feed.ts';
import { defaultPlugins } from './default-plugins.ts';
import { Evictions } from './evictions.ts';
import { explainPod } from './explanation.ts';
import { fitErrorMessage } from './fit-error.ts';
import type { NodeInfo } from './node-info.ts';
import { NominatedPods } from './nominated-pods.ts';
import type { PostFilterResult, Refusal } from './plugin.ts';
import { asPod, type PodInfo } from './pod-info.ts';
import { PodInterner } from './pod-interner.ts';
import { verdictWrite, withoutNomination, type Verdict } from './pod-status.ts';
import { Profile, type SchedulerProfile } from './profile.ts';
import type { QueuedPod } from './queued-pod.ts';
import type { ObjectChange, PlannedEvent, PlannedWrite, PodExplanation, Scheduler, SchedulingPlan } from './scheduler.ts';
import { SchedulerCache } from './scheduler-cache.ts';
import { SchedulingCycle, type Unplaced } from './scheduling-cycle.ts';
import { SchedulingQueue } from './scheduling-queue.ts';

export interface DefaultSchedulerOptions {
  /** One for each `spec.schedulerName`; Kubernetes' default plugins for `default-scheduler` unless given. */
  readonly profiles?: readonly SchedulerProfile[];
  /** Milliseconds; 1,000 unless given. */
  readonly backoffInitialMs?: number;
  /** Milliseconds; 10,000 unless given. */
  readonly backoffMaxMs?: number;
  /** After so many milliseconds an unschedulable pod is tried again whatever happened; 300,000 unless given. */
  readonly unschedulableMaxMs?: number;
}

/** Kubernetes shortens the text of an Event to this many characters. */
const noteLengthMax = 1024;

interface Lane {
  readonly profile: Profile;
  readonly cycle: SchedulingCycle;
}

/**
 * The scheduler over plugins: one pod at a time, highest priority first, all nodes considered, ties to the first node.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
 *
 * @example
 * const mine: SchedulerPlugin = { name: 'Mine', score: (_pod, node) => (node.name === 'n1' ? 100 : 0) };
 * const scheduler = new DefaultScheduler({ profiles: [{ plugins: [...defaultPlugins(), { plugin: mine, weight: 5 }] }] });
 * const cluster = await Cluster.create({ scheduler });
 */
export class DefaultScheduler implements Scheduler {
  readonly name = 'default-scheduler';
  readonly #cache = new SchedulerCache();
  readonly #interner = new PodInterner(this.#cache.resources);
  readonly #nominated = new NominatedPods((node) => this.#cache.touchNode(node));
  readonly #evictions = new Evictions();
  readonly #bindings = new Bindings();
  readonly #lanes = new Map<string, Lane>();
  readonly #queue: SchedulingQueue;
  readonly #feed: ClusterFeed;
  #events: PlannedEvent[] = [];

  constructor(options: DefaultSchedulerOptions = {}) {
    const profiles = (options.profiles ?? [{ plugins: defaultPlugins() }]).map((profile) => new Profile(profile));
    for (const profile of profiles) {
      if (this.#lanes.has(profile.schedulerName))
        throw new ConfigurationError(`scheduler: two profiles are called ${profile.schedulerName}`);
      this.#lanes.set(profile.schedulerName, { profile, cycle: new SchedulingCycle(profile, this.#cache, this.#nominated) });
    }
    this.#queue = new SchedulingQueue({ ...options, census: this.#cache.pending, compare: queueSortOf(profiles) });
    this.#feed = new ClusterFeed({
      cache: this.#cache,
      queue: this.#queue,
      interner: this.#interner,
      nominated: this.#nominated,
      bindings: this.#bindings,
      profile: (schedulerName) => this.#lanes.get(schedulerName)?.profile,
    });
  }

  handles(schedulerName: string): boolean {
    return this.#lanes.has(schedulerName);
  }

  onChanges(changes: readonly ObjectChange[], _view: ViewReader): void {
    // A plugin that throws about one object must not keep the others from being seen.
    const failed: unknown[] = [];
    for (const change of changes) {
      try {
        this.#feed.take(change);
      } catch (error) {
        failed.push(error);
      }
    }
    if (failed.length > 0) throw failed[0];
  }

  schedule(_view: ViewReader, now: Instant, budget: () => boolean): SchedulingPlan {
    const writes: PlannedWrite[] = [];
    this.#evictions.takeWrites(writes);
    this.#sendBack(writes, now);
    do {
      const queued = this.#queue.pop(now);
      if (queued === undefined) break;
      this.#attempt(queued, writes, now);
    } while (budget());
    this.#bindings.takeWrites(writes);
    const events = this.#events;
    this.#events = [];
    return {
      writes,
      events,
      wakeAt: earlier(this.#queue.nextDueAt(), this.#bindings.nextDueAt()),
      more: this.#queue.hasActive || this.#bindings.busy,
    };
  }

  onWritten(write: PlannedWrite, error: Error | undefined, now: Instant): void {
    this.#evictions.written(write);
    const ended = this.#bindings.written(write, error);
    if (ended === undefined) return;
    const { binding, outcome } = ended;
    if (outcome === 'bound') return this.#bound(binding);
    this.#release(binding);
    if (error instanceof ApiError && error.status === 404) return this.#queue.delete(binding.queued.uid);
    this.#tell(binding.queued.pod, 'Warning', 'FailedScheduling', `binding rejected: ${error?.message ?? ''}`);
    this.#queue.failed(binding.queued, now, []);
  }

  explain(_view: ViewReader, pod: StoredObject): PodExplanation {
    const { nodeName: _placed, ...spec } = asPod(pod).spec ?? { containers: [] };
    const info = this.#interner.podInfo({ ...asPod(pod), spec });
    const lane = this.#lanes.get(info.object.spec?.schedulerName ?? 'default-scheduler');
    const explanation = explainPod(info, lane?.cycle, this.#cache);
    const waits = lane?.profile.preEnqueue(info);
    return waits === undefined ? explanation : { ...explanation, message: waits };
  }

  #attempt(queued: QueuedPod, writes: PlannedWrite[], now: Instant): void {
    const lane = this.#lanes.get(queued.pod.object.spec?.schedulerName ?? 'default-scheduler');
    if (lane === undefined) return this.#queue.delete(queued.uid);
    try {
      const placement = lane.cycle.place(queued.pod);
      if ('unplaced' in placement) return this.#unschedulable(queued, placement.unplaced, lane, writes, now);
      const refusal = this.#assume(queued, placement.node, lane, now);
      if (refusal !== undefined) this.#refused(queued, refusal, writes, now);
    } catch (error) {
      this.#broken(queued, error as Error, writes, now);
    }
  }

  /** A plugin threw: this Pod is tried again after its back-off, and no other Pod suffers. Kubernetes' reason for it. */
  #broken(queued: QueuedPod, error: Error, writes: PlannedWrite[], now: Instant): void {
    this.#bindings.forget(queued.uid);
    this.#cache.removePod(queued.uid);
    const verdict = {
      reason: 'SchedulerError',
      message: `a scheduler plugin threw: ${error.message}`,
      nominatedNodeName: undefined,
    } as const;
    this.#giveUp(queued, verdict, [], writes, now);
  }

  /** Reserve and Permit. */
  #assume(queued: QueuedPod, node: NodeInfo, { profile }: Lane, now: Instant): Refusal | undefined {
    const { pod } = queued;
    this.#cache.addPod(pod, node.name);
    this.#nominated.delete(pod.uid);
    for (const plugin of profile.reserves) {
      const refusal = plugin.reserve?.(pod, node, { cache: this.#cache, waiting: this.#bindings });
      if (refusal === undefined) continue;
      this.#bindings.unreserve({ pod, node, profile }, this.#cache);
      this.#cache.removePod(pod.uid);
      return refusal;
    }
    const refusal = this.#bindings.permit(queued, node, profile, now, this.#cache);
    if (refusal !== undefined) this.#release({ pod, node, profile });
    return refusal;
  }

  #release({ pod, node, profile }: Pick<Binding, 'pod' | 'node' | 'profile'>): void {
    this.#bindings.unreserve({ pod, node, profile }, this.#cache);
    this.#feed.released(pod, node);
  }

  #bound({ pod, node, profile, queued }: Binding): void {
    this.#queue.delete(queued.uid);
    this.#tell(pod, 'Normal', 'Scheduled', `Successfully assigned ${pod.key} to ${node.name}`);
    for (const plugin of profile.postBinds) plugin.postBind!(pod, node);
  }

  /** Pods that Permit let go of, or whose time is up. */
  #sendBack(writes: PlannedWrite[], now: Instant): void {
    // One may take others with it.
    for (let rejected = this.#bindings.takeRejected(now); rejected.length > 0; rejected = this.#bindings.takeRejected(now)) {
      for (const { binding, refusal } of rejected) {
        this.#release(binding);
        this.#refused(binding.queued, refusal, writes, now);
      }
    }
  }

  #refused(queued: QueuedPod, refusal: Refusal, writes: PlannedWrite[], now: Instant): void {
    const message = fitErrorMessage(1, new Map([[refusal, 1]]), undefined, undefined);
    this.#giveUp(queued, { reason: 'Unschedulable', message, nominatedNodeName: '' }, [refusal.plugin], writes, now);
  }

  #unschedulable(queued: QueuedPod, unplaced: Unplaced, lane: Lane, writes: PlannedWrite[], now: Instant): void {
    const { nodeCount, refusalOfAll } = unplaced;
    const counts = unplaced.counts();
    const found = nodeCount === 0 ? undefined : this.#postFilter(queued.pod, unplaced, lane);
    if (found !== undefined) this.#makeRoom(queued.pod, found, lane.profile, writes, now);
    const message = fitErrorMessage(nodeCount, counts, refusalOfAll, found?.message);
    const plugins = refusalOfAll === undefined ? [...counts.keys()].map(({ plugin }) => plugin) : [refusalOfAll.plugin];
    // With no node at all nobody refused it: the first node there is wakes it.
    const refusedBy = nodeCount === 0 ? ['NodeName'] : [...new Set(plugins)].sort();
    this.#giveUp(
      queued,
      { reason: 'Unschedulable', message, nominatedNodeName: nodeCount === 0 ? '' : found?.nominatedNodeName },
      refusedBy,
      writes,
      now,
    );
  }

  #postFilter(pod: PodInfo, unplaced: Unplaced, { profile, cycle }: Lane): PostFilterResult {
    const messages: string[] = [];
    let found: PostFilterResult = {};
    for (const plugin of profile.postFilters) {
      const result = plugin.postFilter!(pod, { cache: this.#cache, waiting: this.#bindings }, unplaced, cycle.whatIf(pod));
      if (result?.message !== undefined) messages.push(result.message);
      found = { ...found, ...result };
      if ((result?.nominatedNodeName ?? '') !== '') break;
    }
    return messages.length === 0 ? found : { ...found, message: messages.join(' ') };
  }

  /** Does what PostFilter asks for: victims go, and nominations of lower pods to the same node are taken back. */
  #makeRoom(
    pod: PodInfo,
    { nominatedNodeName, victims = [], displaced = [] }: PostFilterResult,
    profile: Profile,
    writes: PlannedWrite[],
    now: Instant,
  ): void {
    if (nominatedNodeName !== undefined) this.#nominated.set(pod, nominatedNodeName);
    for (const other of displaced) {
      this.#nominated.delete(other.uid);
      const write = withoutNomination(this.#queue.get(other.uid)?.pod.object ?? other.object);
      if (write !== undefined) writes.push(write);
    }
    for (const { uid } of victims) {
      const victim = this.#cache.podOf(uid);
      if (victim === undefined) continue;
      // A victim that Permit still holds has not been bound: it goes back to the queue instead.
      if (this.#bindings.reject(uid, { plugin: 'DefaultPreemption', reasons: ['preempted'], resolvable: true })) continue;
      this.#evictions.evict(victim.object, profile.schedulerName, now, writes);
      this.#tell(victim, 'Normal', 'Preempted', `Preempted by pod ${pod.uid} on node ${nominatedNodeName ?? ''}`);
    }
  }

  #giveUp(queued: QueuedPod, verdict: Verdict, refusedBy: readonly string[], writes: PlannedWrite[], now: Instant): void {
    if (verdict.nominatedNodeName === '') this.#nominated.delete(queued.uid);
    const write = verdictWrite(queued.pod.object, verdict, now);
    if (write !== undefined) writes.push(write);
    this.#tell(queued.pod, 'Warning', 'FailedScheduling', verdict.message);
    this.#queue.failed(queued, now, refusedBy);
  }

  #tell({ object }: PodInfo, type: PlannedEvent['type'], reason: string, message: string): void {
    const { name, namespace, uid } = object.metadata;
    const regarding = { apiVersion: object.apiVersion, kind: object.kind, name, uid, ...(namespace === undefined ? {} : { namespace }) };
    this.#events.push({
      regarding,
      type,
      reason,
      message: message.length <= noteLengthMax ? message : `${message.slice(0, noteLengthMax - 4)} ...`,
    });
  }
}

function queueSortOf(profiles: readonly Profile[]): (a: QueuedPod, b: QueuedPod) => number {
  const [first, ...others] = profiles.map(({ plugins, schedulerName }) => {
    const sorting = plugins.filter(({ compare }) => compare !== undefined);
    if (sorting.length !== 1)
      throw new ConfigurationError(
        `scheduler profile ${schedulerName}: expected one plugin with QueueSort (PrioritySort), found ${sorting.length}`,
      );
    return sorting[0]!;
  });
  if (first === undefined) throw new ConfigurationError('scheduler: expected at least one profile');
  const other = others.find(({ name }) => name !== first.name);
  if (other !== undefined)
    throw new ConfigurationError(`scheduler: profiles share one queue, so they must sort it alike: found ${first.name} and ${other.name}`);
  return (a, b) => first.compare!(a, b);
}

function earlier(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
