import type { KindIndex } from './api/kind-index.ts';
import type { View } from './api/view.ts';
import type { ClusterNodes } from './cluster-nodes.ts';
import type { Clock } from './env/clock.ts';
import { MetricsSampler } from './metrics/metrics-sampler.ts';
import type { MetricsOptions, RequestSource } from './metrics/metrics-source.ts';

/** What measures for the autoscalers of a cluster: its own nodes and proxy, and what the host lends. */
export function samplerFor(
  options: MetricsOptions | undefined,
  parts: { readonly view: View; readonly kinds: KindIndex; readonly clock: Clock; readonly nodes: ClusterNodes },
): MetricsSampler {
  const { view, kinds, clock, nodes } = parts;
  const proxied: RequestSource = {
    serviceCounters: (namespace, name) => nodes.proxy?.serviceCounters(namespace, name),
    podCounters: (uid) => nodes.proxy?.podCounters(uid),
  };
  const sources = { external: options?.external, requests: options?.requests ?? proxied, stats: () => nodes.stats() };
  return new MetricsSampler({ view, kinds, clock, sources, syncPeriodMs: options?.syncPeriodMs });
}
