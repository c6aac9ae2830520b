import type { Instant } from '../env/clock.ts';
import type { ObjectChange, PlannedWrite } from './scheduler.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { QueuedPod } from './queued-pod.ts';
import type { SchedulerCache } from './scheduler-cache.ts';

/**
 * Why a plugin refused a node (or, from PreFilter, every node). `resolvable` is false if no removal of pods can change it
 * (Kubernetes' UnschedulableAndUnresolvable): preemption does not look at such nodes.
 */
export interface Refusal {
  readonly plugin: string;
  /** In Kubernetes' words: `Insufficient cpu`. Counted in the message of the FailedScheduling Event. */
  readonly reasons: readonly string[];
  readonly resolvable: boolean;
}

/**
 * What a filter or score depends on besides the pod. Results are kept until that changes.
 * - `node-object`: the pod's shape (`pod.shape`) and the Node object.
 * - `node`: the pod's shape and everything about that one node, its pods included.
 * - `cluster`: anything. Asked anew for every pod. The default.
 */
export type Reads = 'node-object' | 'node' | 'cluster';

/** What PreFilter found out about a pod. With none of the fields: go on, and `filter` is given no state. */
export interface PreFilterResult<F> {
  /** True: this plugin has nothing to say about this pod; its `filter` is not called. */
  readonly skip?: boolean;
  /** No node will do. */
  readonly refusal?: Refusal;
  /** Only these nodes come into question. */
  readonly nodes?: ReadonlySet<string>;
  /** Handed to `filter`. */
  readonly state?: F;
  /** The same as `filter` says, in few words. */
  readonly sparse?: SparseFilter;
}

/**
 * A question that sorts nodes into few classes, numbered from 0. A node's class may change only when the node does, or a pod on it.
 * The same question must be the same object every time: what follows from it is kept.
 */
export interface NodeClasses {
  classOf(index: number): number;
  /** The rows of the nodes that are not in class 0 (and maybe of some that are), if they can be told without asking every node. */
  others?(): Iterable<number>;
}

/** The class of a node, or of nodes that are alike, by one of the questions that were named. */
export type ClassOf = (classes: NodeClasses) => number;

/** What a filter says of all nodes, in few words: it depends on the classes of a node alone. Must agree with `filter`. */
export interface SparseFilter {
  readonly classes: readonly NodeClasses[];
  /** Why nodes of these classes will not do; undefined: they will. */
  readonly refusal: (classOf: ClassOf) => Refusal | undefined;
}

/** The nodes that no filter refused. */
export interface NodesLeft {
  readonly count: number;
  /** How many of them pass the test. */
  countOf(test: (classOf: ClassOf) => boolean): number;
  /** In how many classes those are that pass the test. */
  classesOf(classes: NodeClasses, test: (classOf: ClassOf) => boolean): number;
}

/** What a score says of all nodes, in few words: it depends on the classes of a node alone. Must agree with `score` and `normalizeScore`. */
export interface SparseScore {
  readonly classes: readonly NodeClasses[];
  /** Called once, before the others. */
  readonly start?: (left: NodesLeft) => void;
  /** Before normalising; NaN: not counted, and 0 in the end. */
  readonly score: (classOf: ClassOf) => number;
  /** 0 to 100; `min` and `max` are those of all nodes that are left and counted. */
  readonly normalized: (score: number, min: number, max: number) => number;
}

export interface PreScoreResult<S> {
  /** True: this plugin does not score this pod: every node gets 0. */
  readonly skip?: boolean;
  readonly state?: S;
  /** The same in few words. Only if `feasible` has not been looked at. */
  readonly sparse?: SparseScore;
}

/** Something that may make a refused pod fit. */
export type ClusterEvent =
  /** A pod came to a node, left it, or changed there. */
  | { readonly type: 'pod-added' | 'pod-removed' | 'pod-updated'; readonly pod: PodInfo; readonly node: NodeInfo }
  | { readonly type: 'node-added' | 'node-updated'; readonly node: NodeInfo; readonly change: ObjectChange }
  | { readonly type: 'node-removed'; readonly node: NodeInfo }
  /** A pod came that is not bound. */
  | { readonly type: 'pod-pending'; readonly pod: PodInfo }
  /** Another object that the scheduler follows: Namespace, PersistentVolumeClaim, Service, ... */
  | { readonly type: 'object'; readonly change: ObjectChange };

/** The nodes that passed so far: the first `count` entries of `indexes`, in the order of the nodes. */
export interface NodeSet {
  readonly indexes: Int32Array;
  readonly count: number;
}

/** Why each node was refused, when none was left. */
export interface Diagnosis {
  readonly refusalOf: (node: NodeInfo) => Refusal | undefined;
  /** How many nodes were refused, by refusal. */
  readonly counts: () => ReadonlyMap<Refusal, number>;
  /** PreFilter ruled out every node. */
  readonly refusalOfAll: Refusal | undefined;
}

/** What PostFilter achieved. */
export interface PostFilterResult {
  /** Where the pod will probably fit soon; '' takes an earlier nomination back; undefined leaves it. */
  readonly nominatedNodeName?: string;
  /** Pods to delete, so that it fits. */
  readonly victims?: readonly PodInfo[];
  /** Pods whose nomination is taken back: their room goes to this one. */
  readonly displaced?: readonly PodInfo[];
  /** Appended to the message of the FailedScheduling Event. */
  readonly message?: string;
}

/** What a PostFilter plugin may find out. */
export interface WhatIf {
  /** True if, for this pod, every filter decides by the node alone: what holds for a node does so until it changes. */
  readonly dependsOnNodeAlone: boolean;
  /** Why the pod would not fit on this node as the cache is now (see `SchedulerCache.try`), room kept for nominated pods considered. */
  readonly refusal: (node: NodeInfo) => Refusal | undefined;
  /** The pods of lower priority that are nominated to the node. */
  readonly nominated: (node: NodeInfo) => readonly PodInfo[];
}

export type PermitResult = { readonly refusal: Refusal } | { readonly waitMs: number } | undefined;

/**
 * One scheduler plugin: a plain object with those of Kubernetes' extension points it needs. Plugins decide; they write nothing
 * themselves. All methods are synchronous, must not throw, and must not change what they are given. A plugin that keeps state
 * of its own is made anew for each scheduler (by a function), never shared.
 *
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/scheduling-framework/
 *
 * @example
 * const onlyGreen: SchedulerPlugin = {
 *   name: 'OnlyGreen',
 *   filterReads: 'node-object',
 *   filter: (_pod, node) =>
 *     node.labels['color'] === 'green' ? undefined : { plugin: 'OnlyGreen', reasons: ['node(s) are not green'], resolvable: false },
 * };
 */
export interface SchedulerPlugin<F = undefined, S = undefined> {
  readonly name: string;
  /** QueueSort: negative if `a` is to be scheduled first. Exactly one plugin of a scheduler has it. */
  compare?(a: QueuedPod, b: QueuedPod): number;
  /** PreEnqueue: why the pod may not be scheduled yet; undefined: it may. Asked again when the pod changes. */
  preEnqueue?(pod: PodInfo): string | undefined;

  readonly filterReads?: Reads;
  /** PreFilter: once a pod; for plugins whose `filterReads` is not `cluster`, once a shape (it must not look at the cache then). */
  preFilter?(pod: PodInfo, cache: SchedulerCache): PreFilterResult<F>;
  /** Filter: undefined if the node will do. */
  filter?(pod: PodInfo, node: NodeInfo, state: F): Refusal | undefined;
  /**
   * The same for many nodes at once, for speed: keeps the nodes that will do at the front of `indexes`, in their order, and
   * returns how many they are. Must agree with `filter`.
   */
  filterAll?(pod: PodInfo, indexes: Int32Array, count: number, state: F): number;
  /** PostFilter: no node was left. The first plugin that nominates a node ends it. */
  postFilter?(pod: PodInfo, context: PluginContext, diagnosis: Diagnosis, whatIf: WhatIf): PostFilterResult | undefined;

  readonly scoreReads?: Reads;
  /** PreScore: once a pod that more than one node would suit; once a shape if `scoreReads` is not `cluster`. */
  preScore?(pod: PodInfo, cache: SchedulerCache, feasible: NodeSet): PreScoreResult<S>;
  /** Score: from 0 to 100 after `normalizeScore`, higher is better. Whole numbers. */
  score?(pod: PodInfo, node: NodeInfo, state: S): number;
  /** The same for many nodes at once: `scores[i]` for `indexes[i]`. Must agree with `score`. */
  scoreAll?(pod: PodInfo, feasible: NodeSet, scores: Float64Array, state: S): void;
  /** NormalizeScore: brings the first `feasible.count` scores to 0..100, in place. */
  normalizeScore?(scores: Float64Array, feasible: NodeSet, state: S): void;

  /** Reserve: the pod is about to be assumed on the node. A refusal sends it back. `unreserve` is called whatever follows but a bind. */
  reserve?(pod: PodInfo, node: NodeInfo, context: PluginContext): Refusal | undefined;
  /** The pod is still in the cache. May be called for a pod that was not reserved. */
  unreserve?(pod: PodInfo, node: NodeInfo, context: PluginContext): void;
  /** Permit: undefined lets it pass; `waitMs` holds it, assumed, until `WaitingPods.allow`, or sends it back when the time is up. */
  permit?(pod: PodInfo, node: NodeInfo, now: Instant, context: PluginContext): PermitResult;
  /** PreBind: writes that must go before the bind. */
  preBind?(pod: PodInfo, node: NodeInfo): readonly PlannedWrite[];
  /** Bind: the write that binds. The first plugin that returns one ends it. */
  bind?(pod: PodInfo, node: NodeInfo): PlannedWrite | undefined;
  /** PostBind: the bind was written. */
  postBind?(pod: PodInfo, node: NodeInfo): void;

  /** Queueing hint: may this event make a pod fit that this plugin refused? Without it every event does. */
  isSchedulableAfter?(event: ClusterEvent, pod: PodInfo, cache: SchedulerCache): boolean;
}

/** What plugins may look at, and act on, after Filter. */
export interface PluginContext {
  readonly cache: SchedulerCache;
  readonly waiting: WaitingPods;
}

/** The pods that Permit holds back. */
export interface WaitingPods {
  [Symbol.iterator](): Iterator<PodInfo>;
  /** Lets a waiting pod pass, as far as the plugin of this name is concerned. */
  allow(plugin: string, uid: string): void;
  /** Sends a waiting pod back to the queue. False if it does not wait. */
  reject(uid: string, refusal: Refusal): boolean;
}

/** Any plugin, whatever the types of its states: they only ever go back to the plugin they came from. */
export type AnyPlugin = SchedulerPlugin<unknown, unknown>;
