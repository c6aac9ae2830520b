/**
 * A day of a service in a few seconds: virtual time, simulated Pods, two peaks, an autoscaler, a new version at noon, a node lost in the
 * evening; drawn into a file.
 *
 *     npm run demo:day -- day.svg
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster, ManualClock } from 'coxswain';
import { SimulatedRuntime } from 'coxswain/runtimes/simulated';
import { plot } from './plot.ts';

const begun = performance.now();
const file = process.argv[2] ?? join(tmpdir(), 'autoscaling-day.svg');
const minutes = 24 * 60;
const perPod = 50;
const capacity = 80;
const namespace = 'default';
const clock = new ManualClock(Date.parse('2026-01-01T00:00:00Z'));

/** Requests per second at an hour of the day: quiet nights, a peak at noon, a higher one in the evening. */
const loadAt = (hour: number): number => Math.round(20 + 260 * Math.exp(-((hour - 12) ** 2) / 6) + 420 * Math.exp(-((hour - 20) ** 2) / 3));
const hourOf = (ms: number): number => (ms / 3_600_000) % 24;

const behaviour = { startMs: [1000, 20_000], readyAfterMs: 10_000 } as const;
let counted = 0;
let countedAt = clock.now();
await using cluster = await Cluster.create({
  clock,
  seed: 1,
  nodes: ['node-1', 'node-2', 'node-3'].map((name) => ({
    name,
    runtime: new SimulatedRuntime({ images: { 'web:1': behaviour, 'web:2': behaviour } }),
  })),
  metrics: {
    requests: {
      serviceCounters: () => {
        const now = clock.now();
        counted += (loadAt(hourOf(now)) * (now - countedAt)) / 1000;
        countedAt = now;
        return { requests: Math.round(counted), inFlight: 0 };
      },
      podCounters: () => undefined,
    },
  },
});
const labels = { app: 'web' };
const container = { name: 'web', image: 'web:1', readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 5 } };
const deployment = await cluster.deployments.create({
  metadata: { name: 'web', namespace },
  spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [container] } } },
});
await cluster.horizontalPodAutoscalers.create({
  metadata: { name: 'web', namespace },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 1,
    maxReplicas: 20,
    metrics: [
      {
        type: 'Object',
        object: {
          describedObject: { apiVersion: 'v1', kind: 'Service', name: 'web' },
          metric: { name: 'requests-per-second' },
          target: { type: 'AverageValue', averageValue: String(perPod) },
        },
      },
    ],
  },
});

/** What happens besides, at a minute of the day. */
const events = new Map<number, { readonly text: string; readonly happen: () => Promise<unknown> }>([
  [12 * 60, { text: 'version 2', happen: () => deployment.setImage('web', 'web:2') }],
  [19 * 60 + 30, { text: 'node-3 is lost', happen: () => cluster.powerOff('node-3') }],
]);
const load: number[] = [];
const replicas: number[] = [];
const latency: number[] = [];
for (let minute = 0; minute < minutes; minute++) {
  await events.get(minute)?.happen();
  await cluster.advance('1m');
  const now = loadAt(hourOf(clock.now()));
  const pods = deployment.pods().filter((pod) => pod.ready).length;
  // A queue in front of each Pod: the nearer to its capacity, the longer.
  const busy = Math.min(0.98, now / Math.max(1, pods * capacity));
  load.push(now);
  replicas.push(pods);
  latency.push(5 / (1 - busy));
}
const curves = [
  { name: 'load (requests/s)', values: load },
  { name: 'replicas that are ready', values: replicas, steps: true },
  { name: 'latency (ms)', values: latency },
];
const marks = [...events].map(([minute, { text }]) => ({ hour: minute / 60, text }));
writeFileSync(file, plot('A day of a service, scaled by requests per second', curves, marks));
const versions = new Set(deployment.pods().map((pod) => pod.spec.containers[0]?.image));
const seconds = ((performance.now() - begun) / 1000).toFixed(1);
console.log(
  `24 hours in ${seconds} s: ${Math.min(...replicas)} to ${Math.max(...replicas)} pods, load up to ${Math.max(...load)} requests/s`,
);
console.log(`version 2 came at noon, node-3 was lost in the evening; at midnight there is ${[...versions].join(', ')}`);
console.log(`latency at most ${Math.max(...latency).toFixed(0)} ms; plot in ${file}`);
