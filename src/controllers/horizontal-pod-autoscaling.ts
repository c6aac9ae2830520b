import { deepEqual } from '../api/deep-equal.ts';
import type {
  V2HorizontalPodAutoscalerCondition,
  V2HorizontalPodAutoscalerManifest,
  V2HorizontalPodAutoscalerStatus,
  V2MetricStatus,
} from '../api/generated/models.ts';
import type { KindIndex } from '../api/kind-index.ts';
import { matching } from '../api/matching.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { Quantity } from '../api/quantity.ts';
import { formatTime } from '../api/time.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Instant } from '../env/clock.ts';
import { metricText } from '../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
import { targetOf, withReplicas, type ScaleTarget } from '../kinds/horizontal-pod-autoscaler/hpa-target.ts';
import { horizontalPodAutoscalerKind } from '../kinds/horizontal-pod-autoscaler.ts';
import { podKind } from '../kinds/pod.ts';
import { limit } from './autoscaling/limits.ts';
import { proposalOf } from './autoscaling/metric-proposals.ts';
import { Rivals } from './autoscaling/rivals.ts';
import { emptyHistory, historyTable, withRecommendation, withStep, type ScaleHistory } from './autoscaling/scale-history.ts';
import type { Controller, Plan, PlannedEvent, PlannedWrite } from './controller.ts';
import { refOf } from './pods.ts';

type Autoscaler = Stored<V2HorizontalPodAutoscalerManifest>;

/** How often an autoscaler looks, and, where there is no Pod at all, how often it looks whether one is needed. */
const syncMs = 15_000;
const syncMsAtZero = 1_000;
const defaultTolerance = 0.1;
const neverMore = 'the HPA was unable to compute the replica count';

/**
 * Scales what HorizontalPodAutoscalers name by what samplers have measured.
 * Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
 */
export function horizontalPodAutoscaling(kinds: KindIndex, syncPeriodMs = syncMs): Controller {
  const rivals = new Rivals(kinds);
  return {
    name: 'horizontalpodautoscaling',
    component: 'horizontal-pod-autoscaler',
    triggers: [
      {
        kind: horizontalPodAutoscalerKind,
        keys: ({ object, previous }) =>
          previous === undefined || !deepEqual(object.spec, previous.spec)
            ? [`${object.metadata.namespace ?? ''}/${object.metadata.name}`]
            : [],
      },
    ],
    reconcile(view, key, now): Plan {
      const [namespace, name = ''] = key.split('/');
      const autoscaler = view.get(horizontalPodAutoscalerKind, namespace, name);
      if (autoscaler?.spec === undefined) return { writes: [], notes: [{ table: historyTable, key, value: undefined }] };
      const plan = new Pass(view, kinds, rivals, autoscaler, now).plan(key);
      return { ...plan, requeueAfterMs: Math.min(plan.requeueAfterMs ?? syncPeriodMs, syncPeriodMs) };
    },
  };
}

/** One look of one autoscaler. */
class Pass {
  readonly #view: ViewReader;
  readonly #autoscaler: Autoscaler;
  readonly #rivals: Rivals;
  readonly #now: Instant;
  readonly #target: ScaleTarget | string;
  readonly #events: PlannedEvent[] = [];
  #conditions: readonly V2HorizontalPodAutoscalerCondition[];

  constructor(view: ViewReader, kinds: KindIndex, rivals: Rivals, autoscaler: Autoscaler, now: Instant) {
    this.#view = view;
    this.#rivals = rivals;
    this.#autoscaler = autoscaler;
    this.#now = now;
    this.#target = targetOf(view, kinds, autoscaler);
    this.#conditions = autoscaler.status?.conditions ?? [];
  }

  plan(key: string): Plan {
    const target = this.#target;
    if (typeof target === 'string') {
      this.#tell('Warning', 'FailedGetScale', target);
      this.#set('AbleToScale', 'False', 'FailedGetScale', `the HPA controller was unable to get the target's current scale: ${target}`);
      return {
        writes: this.#statusWrites(this.#autoscaler.status ?? { desiredReplicas: 0 }),
        events: this.#events,
        requeueAfterMs: syncMs,
      };
    }
    this.#set('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
    const { uid } = this.#autoscaler.metadata;
    const known = this.#view.table<ScaleHistory>(historyTable).get(key);
    const history = known?.uid === uid ? known : emptyHistory(uid, this.#now, target.replicas);
    const decision = this.#decide(target, history);
    const writes = this.#scale(target, decision);
    const step = decision.replicas - target.replicas;
    const value = writes.length === 0 ? decision.history : withStep(decision.history, this.#now, step);
    const isAtZero = target.replicas === 0 && this.#autoscaler.spec?.minReplicas === 0;
    return {
      writes: [...writes, ...this.#statusWrites(this.#status(target, decision, writes.length > 0))],
      events: this.#events,
      notes: [{ table: historyTable, key, value }],
      requeueAfterMs: isAtZero ? syncMsAtZero : Infinity,
    };
  }

  #decide(target: ScaleTarget, history: ScaleHistory): Decision {
    const spec = this.#autoscaler.spec!;
    const { minReplicas = 1, maxReplicas } = spec;
    const { replicas: current } = target;
    const stays = { replicas: current, why: '', metrics: this.#autoscaler.status?.currentMetrics, history };
    if (current === 0 && minReplicas !== 0) {
      this.#set('ScalingActive', 'False', 'ScalingDisabled', 'scaling is disabled since the replica count of the target is zero');
      return stays;
    }
    if (current > maxReplicas) return { ...stays, replicas: maxReplicas, why: 'Current number of replicas above Spec.MaxReplicas' };
    if (current < minReplicas) return { ...stays, replicas: minReplicas, why: 'Current number of replicas below Spec.MinReplicas' };
    const { wanted, metrics, name } = this.#wanted(target);
    if (wanted === undefined) return { ...stays, metrics };
    const remembered = withRecommendation(history, this.#now, wanted);
    const { replicas, able, limited } = limit(spec, remembered, current, wanted, this.#now);
    this.#set('AbleToScale', 'True', able.reason, able.message);
    this.#set('ScalingLimited', limited.status, limited.reason, limited.message);
    const why = wanted > current ? `${name} above target` : wanted < current ? 'All metrics below target' : '';
    return { replicas, why, metrics, history: remembered };
  }

  /** The largest number that any metric asks for; undefined if too few can say. */
  #wanted(target: ScaleTarget): {
    readonly wanted: number | undefined;
    readonly metrics: readonly V2MetricStatus[];
    readonly name: string;
  } {
    const spec = this.#autoscaler.spec!;
    const pods = target.matcher && matching(this.#view, podKind, this.#autoscaler.metadata.namespace ?? '', target.matcher);
    if (pods === undefined) {
      this.#tell('Warning', 'SelectorRequired', 'selector is required');
      this.#set('ScalingActive', 'False', 'InvalidSelector', "the HPA target's scale is missing a selector");
      return { wanted: undefined, metrics: [], name: '' };
    }
    // Then none of them does, or they would work against each other.
    const rivals = this.#rivals.of(this.#view, this.#autoscaler, pods);
    if (rivals.length > 0) {
      const keys = [this.#autoscaler, ...rivals].map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).sort();
      const message = `pods by selector ${target.matcher!.toString()} are controlled by multiple HPAs: [${keys.join(' ')}]`;
      this.#tell('Warning', 'AmbiguousSelector', message);
      this.#set('ScalingActive', 'False', 'AmbiguousSelector', message);
      return { wanted: undefined, metrics: [], name: '' };
    }
    const tolerance = { up: toleranceOf(spec.behavior?.scaleUp?.tolerance), down: toleranceOf(spec.behavior?.scaleDown?.tolerance) };
    const { replicas: current, present } = target;
    const context = { view: this.#view, autoscaler: this.#autoscaler, pods, current, present, tolerance, now: this.#now };
    const metrics: V2MetricStatus[] = [];
    let first: { readonly reason: string; readonly problem: string } | undefined;
    let invalid = 0;
    let wanted = 0;
    let name = '';
    for (const metric of spec.metrics ?? []) {
      const proposal = proposalOf(context, metric);
      if ('problem' in proposal) {
        invalid++;
        first ??= proposal;
        this.#tell('Warning', proposal.reason, proposal.problem);
        continue;
      }
      metrics.push(proposal.status);
      if (proposal.replicas > wanted || name === '') {
        wanted = proposal.replicas;
        name = metricText(metric);
      }
    }
    // With a part of the metrics only more can be decided, never less.
    if (first !== undefined && (metrics.length === 0 || wanted < current)) {
      this.#set('ScalingActive', 'False', first.reason, `${neverMore}: ${first.problem}`);
      const summary = `invalid metrics (${invalid} invalid out of ${(spec.metrics ?? []).length}), first error is: ${first.problem}`;
      this.#tell('Warning', 'FailedComputeMetricsReplicas', summary);
      return { wanted: undefined, metrics, name };
    }
    const found = `the HPA was able to successfully calculate a replica count from ${name}`;
    this.#set('ScalingActive', 'True', 'ValidMetricFound', found);
    return { wanted, metrics, name };
  }

  #scale(target: ScaleTarget, { replicas, why }: Decision): readonly PlannedWrite[] {
    if (replicas === target.replicas) return [];
    this.#set('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${replicas}`);
    this.#tell('Normal', 'SuccessfulRescale', `New size: ${replicas}; reason: ${why}`);
    return [{ verb: 'update', kind: target.kind, object: withReplicas(target, replicas) }];
  }

  #status(target: ScaleTarget, { replicas, metrics }: Decision, rescaled: boolean): V2HorizontalPodAutoscalerStatus {
    const before = this.#autoscaler.status;
    const lastScaleTime = rescaled ? formatTime(this.#now) : before?.lastScaleTime;
    return {
      ...(before?.observedGeneration === undefined ? {} : { observedGeneration: before.observedGeneration }),
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
      currentReplicas: target.replicas,
      desiredReplicas: replicas,
      ...(metrics === undefined || metrics.length === 0 ? {} : { currentMetrics: metrics }),
    };
  }

  #statusWrites(status: V2HorizontalPodAutoscalerStatus): readonly PlannedWrite[] {
    const next = { ...status, conditions: this.#conditions };
    if (deepEqual(next, this.#autoscaler.status)) return [];
    const object = { ...this.#autoscaler, status: next } as KubeObject;
    return [{ verb: 'update-status', kind: horizontalPodAutoscalerKind, object }];
  }

  #tell(type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#events.push({ regarding: refOf(this.#autoscaler), type, reason, message });
  }

  #set(type: string, status: 'True' | 'False', reason: string, message: string): void {
    const stored = this.#autoscaler.status?.conditions?.find((each) => each.type === type);
    const lastTransitionTime = stored?.status === status ? stored.lastTransitionTime : formatTime(this.#now);
    const condition = { type, status, ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }), reason, message };
    const known = this.#conditions.some((each) => each.type === type);
    this.#conditions = known ? this.#conditions.map((each) => (each.type === type ? condition : each)) : [...this.#conditions, condition];
  }
}

interface Decision {
  readonly replicas: number;
  readonly why: string;
  readonly metrics: readonly V2MetricStatus[] | undefined;
  readonly history: ScaleHistory;
}

const toleranceOf = (text: string | number | undefined): number =>
  text === undefined ? defaultTolerance : Quantity.parse(text).toNumber();
