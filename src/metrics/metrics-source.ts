import type { LabelSelector } from '../api/generated/models.ts';
import type { PodStats } from '../runtimes/runtime.ts';

/** What is counted of the requests to a Service or a Pod. */
export interface RequestCounters {
  /** Begun since the counting started. */
  readonly requests: number;
  /** Not finished yet; of a Service with those that wait for a first Pod. */
  readonly inFlight: number;
}

/** Where request counts come from: the service proxy, unless the host says otherwise. Asked often: a look-up. */
export interface RequestSource {
  /** undefined: not known. */
  serviceCounters(namespace: string, name: string): RequestCounters | undefined;
  podCounters(podUid: string): RequestCounters | undefined;
}

/** A metric of type External, as an autoscaler asks for it. */
export interface ExternalMetricQuery {
  readonly namespace: string;
  readonly name: string;
  readonly selector: LabelSelector | undefined;
  readonly signal: AbortSignal;
}

/**
 * Measures what the cluster cannot see (the length of a queue): a number, or one for each series. What it rejects with is shown in the
 * autoscaler's condition. Called every 15 s for each metric that an autoscaler names.
 */
export type ExternalMetrics = (query: ExternalMetricQuery) => Promise<number | readonly number[]>;

/** What autoscalers can be told. */
export interface MetricsOptions {
  readonly external?: ExternalMetrics;
  /** The service proxy's counters unless given. */
  readonly requests?: RequestSource;
  /** How often autoscalers look, in milliseconds: 15,000 unless given (`--horizontal-pod-autoscaler-sync-period`). At most so old is what they see. */
  readonly syncPeriodMs?: number;
}

/** What the sampler asks. */
export interface MetricsSources {
  readonly external: ExternalMetrics | undefined;
  readonly requests: RequestSource;
  /** CPU and memory of the Pods of this process. */
  readonly stats: () => Promise<readonly PodStats[]>;
}
