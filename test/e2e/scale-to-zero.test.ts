import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { Cluster, type HorizontalPodAutoscaler } from '../../src/index.ts';
import { InProcessRuntime } from '../../src/runtimes/in-process-runtime.ts';
import type { InProcessMain } from '../../src/runtimes/in-process/in-process-image.ts';

const program: InProcessMain = async (ctx) => {
  const server = createServer((_request, response) => response.end(ctx.podName));
  await ctx.listen(server, 8080);
  await ctx.stopped;
  server.closeAllConnections();
};
const labels = { app: 'web' };
const holdMax = 4;

const scaling = (metric: string) => ({
  scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
  minReplicas: 0,
  maxReplicas: 3,
  metrics: [
    {
      type: 'Object',
      object: {
        describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' },
        metric: { name: metric },
        target: { type: 'AverageValue', averageValue: '1' },
      },
    },
  ],
  behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
});

async function atZero(cluster: Cluster, autoscaler: HorizontalPodAutoscaler): Promise<void> {
  const none = (): true | undefined => {
    const web = cluster.deployments.get('web')!;
    return web.spec.replicas === 0 && web.pods().length === 0 ? true : undefined;
  };
  await cluster.client.waitFor('no Pods', none, () => autoscaler.evidence(), { timeoutMs: 120_000 });
}

test.each(['requests-per-second', 'requests-in-flight'])(
  'a service that nobody asks has no Pods; who asks waits for the first, by %s',
  { timeout: 400_000 },
  async (metric) => {
    await using cluster = await Cluster.create({
      nodes: [{ name: 'n1', runtime: new InProcessRuntime({ images: { 'web:1': program } }) }],
      metrics: { syncPeriodMs: 500 },
    });
    const stop = new AbortController();
    const running = cluster.run({ signal: stop.signal });
    try {
      const container = { name: 'main', image: 'web:1', readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1 } };
      await cluster.deployments.create({
        metadata: { name: 'web' },
        spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
      });
      const service = await cluster.services.create({
        metadata: { name: 'web', annotations: { 'coxswain.dev/hold-requests': String(holdMax) } },
        spec: { selector: labels, ports: [{ port: 80, targetPort: 8080, appProtocol: 'http' }] },
      });
      const autoscaler = await cluster.horizontalPodAutoscalers.create({ metadata: { name: 'web' }, spec: scaling(metric) });
      await service.ready();
      await atZero(cluster, autoscaler);
      // As many as may wait, and more: those are refused, unless the first Pod was there by then.
      const asked = await Promise.all(
        Array.from({ length: holdMax + 3 }, async () => {
          const { status } = await fetch(service.url()!, { headers: { connection: 'close' } });
          return status;
        }),
      );
      expect(asked.filter((status) => status === 200).length).toBeGreaterThanOrEqual(holdMax);
      expect(asked.filter((status) => status !== 200 && status !== 503)).toEqual([]);
      await atZero(cluster, autoscaler);
    } finally {
      stop.abort();
      await running;
    }
  },
);
