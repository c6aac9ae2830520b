import type { V2HorizontalPodAutoscalerManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import { matching } from '../api/matching.ts';
import type { View } from '../api/view.ts';
import type { Clock, Instant } from '../env/clock.ts';
import { targetOf } from '../kinds/horizontal-pod-autoscaler/hpa-target.ts';
import {
  externalKey,
  externalTable,
  isRequestMetric,
  podUsageTable,
  requestKey,
  requestsTable,
  type ExternalSample,
  type Measurement,
  type PodUsage,
} from '../kinds/horizontal-pod-autoscaler/hpa-measurements.ts';
import { horizontalPodAutoscalerKind } from '../kinds/horizontal-pod-autoscaler.ts';
import { podKind } from '../kinds/pod.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { ObjectChange, Participant, StepReport } from '../loop/participant.ts';
import { CounterWindow } from './counter-window.ts';
import type { MetricsSources, RequestCounters } from './metrics-source.ts';
import { UsageWindow } from './usage-window.ts';

type Autoscaler = Stored<V2HorizontalPodAutoscalerManifest>;

const syncPeriodMs = 15_000;
const requestsEveryMsMost = 5_000;
/** Where a Service may have no Pod at all, nobody should wait long for the first. */
const requestsEveryMsAtZero = 1_000;
const externalTimeoutMs = 10_000;

export interface MetricsSamplerParts {
  readonly view: View;
  readonly kinds: KindIndex;
  readonly clock: Clock;
  readonly sources: MetricsSources;
  /** How often autoscalers look; 15,000 unless given. */
  readonly syncPeriodMs?: number | undefined;
}

/** Measures what the autoscalers there are ask for, and nothing else: without one it sleeps. */
export class MetricsSampler implements Participant {
  readonly name = 'metrics-sampler';
  readonly #parts: MetricsSamplerParts;
  readonly #periodMs: number;
  readonly #usage = new UsageWindow();
  #rates = new Map<string, CounterWindow>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #wake: () => void = () => undefined;
  #usageAt: Instant = 0;
  #requestsAt: Instant = 0;
  #progressed = false;

  constructor(parts: MetricsSamplerParts) {
    this.#parts = parts;
    this.#periodMs = parts.syncPeriodMs ?? syncPeriodMs;
  }

  start(wake: () => void): void {
    this.#wake = wake;
  }

  onChanges(changes: readonly ObjectChange[]): void {
    for (const { type, object } of changes) {
      if (object.kind !== 'HorizontalPodAutoscaler' || type === 'modified') continue;
      // A newcomer is measured at once.
      this.#requestsAt = 0;
      this.#usageAt = 0;
    }
  }

  step(now: Instant): StepReport {
    const autoscalers = this.#parts.view.list(horizontalPodAutoscalerKind);
    const progressed = this.#progressed;
    this.#progressed = false;
    if (autoscalers.length === 0) return { inFlight: this.#inFlight.size, wakeAt: undefined, progressed };
    if (now >= this.#requestsAt) {
      const atZero = autoscalers.some((autoscaler) => autoscaler.spec?.minReplicas === 0);
      this.#requestsAt = now + Math.min(atZero ? requestsEveryMsAtZero : requestsEveryMsMost, Math.ceil(this.#periodMs / 3));
      this.#sampleRequests(autoscalers, now);
    }
    if (now >= this.#usageAt) {
      this.#usageAt = now + this.#periodMs;
      this.#begin(this.#sampleUsage());
      for (const autoscaler of autoscalers) this.#sampleExternal(autoscaler);
    }
    return { inFlight: this.#inFlight.size, wakeAt: Math.min(this.#requestsAt, this.#usageAt), progressed };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#inFlight);
  }

  #begin(work: Promise<void>): void {
    const settled = work.finally(() => {
      this.#inFlight.delete(settled);
      this.#progressed = true;
      this.#wake();
    });
    this.#inFlight.add(settled);
  }

  #sampleRequests(autoscalers: readonly Autoscaler[], now: Instant): void {
    const { view, sources } = this.#parts;
    const rates = new Map<string, CounterWindow>();
    const table = view.sideTable<Measurement>(requestsTable);
    const seen = new Set<string>();
    const sample = (what: string, counters: RequestCounters | undefined): void => {
      if (counters === undefined || rates.has(what)) return;
      const window = this.#rates.get(what) ?? new CounterWindow(this.#periodMs);
      rates.set(what, window);
      const set = (key: string, value: { readonly milli: number; readonly windowMs: number }): void => {
        table.set(key, { ...value, atMs: now });
        seen.add(key);
      };
      set(requestKey('requests-in-flight', what), { milli: counters.inFlight * 1000, windowMs: 0 });
      const rate = window.add(now, counters.requests);
      if (rate !== undefined) set(requestKey('requests-per-second', what), rate);
    };
    for (const autoscaler of autoscalers) {
      const namespace = autoscaler.metadata.namespace ?? '';
      for (const { object, pods } of autoscaler.spec?.metrics ?? []) {
        if (object?.describedObject.kind === 'Service' && isRequestMetric(object.metric.name)) {
          const { name } = object.describedObject;
          sample(`service/${namespace}/${name}`, sources.requests.serviceCounters(namespace, name));
        }
        if (pods !== undefined && isRequestMetric(pods.metric.name)) {
          for (const uid of this.#podsOf(autoscaler)) sample(`pod/${uid}`, sources.requests.podCounters(uid));
        }
      }
    }
    this.#rates = rates;
    for (const key of table.keys()) if (!seen.has(key)) table.delete(key);
  }

  #podsOf(autoscaler: Autoscaler): readonly string[] {
    const { view, kinds } = this.#parts;
    const target = targetOf(view, kinds, autoscaler);
    if (typeof target === 'string' || target.matcher === undefined) return [];
    const pods = matching(view, podKind, autoscaler.metadata.namespace ?? '', target.matcher);
    return pods.map((pod) => pod.metadata.uid);
  }

  async #sampleUsage(): Promise<void> {
    const stats = await this.#parts.sources.stats().catch(() => []);
    const table = this.#parts.view.sideTable<PodUsage>(podUsageTable);
    table.clear();
    for (const [uid, usage] of this.#usage.add(stats)) table.set(uid, usage);
  }

  #sampleExternal(autoscaler: Autoscaler): void {
    const { sources, view, clock } = this.#parts;
    const namespace = autoscaler.metadata.namespace ?? '';
    const table = view.sideTable<ExternalSample>(externalTable);
    for (const { external } of autoscaler.spec?.metrics ?? []) {
      if (external === undefined) continue;
      const { name, selector } = external.metric;
      const key = externalKey(namespace, name, selector);
      if (sources.external === undefined) {
        table.set(key, { values: [], problem: 'the cluster was given no function for external metrics (options.metrics.external)' });
        continue;
      }
      const late = new AbortController();
      const timer = clock.schedule(clock.now() + externalTimeoutMs, () => late.abort());
      const signal = AbortSignal.any([this.#stop.signal, late.signal]);
      const work = sources.external({ namespace, name, selector, signal }).then(
        (found) => {
          const values = (typeof found === 'number' ? [found] : found).map((value) => ({
            milli: Math.round(value * 1000),
            atMs: clock.now(),
            windowMs: 0,
          }));
          table.set(key, { values });
        },
        (error: unknown) => void table.set(key, { values: [], problem: error instanceof Error ? error.message : String(error) }),
      );
      this.#begin(work.finally(() => timer.cancel()));
    }
  }
}
