import { fileURLToPath } from 'node:url';
import type { Container, Volume } from '../../src/api/generated/models.ts';
import { Cluster, type ClusterOptions, type Deployment, type Service } from '../../src/index.ts';
import { ProcessRuntime } from '../../src/runtimes/process-runtime.ts';
import { Load } from './load.ts';
import { SocketLoad } from './socket-load.ts';

const program = fileURLToPath(new URL('../../examples/programs/echo.mjs', import.meta.url));
const sockets = 20;

/** Where the server runs that is rolled, and how many requests it gets. */
export interface TrialPlace {
  readonly nodes: NonNullable<ClusterOptions['nodes']>;
  /** The image of the server and what it needs besides. */
  readonly container: Partial<Container> & Pick<Container, 'image'>;
  readonly volumes?: readonly Volume[];
  readonly requestsPerSecond: number;
}

/** Processes on two nodes, under 500 requests a second. */
export function processPlace(): TrialPlace {
  const images = { 'echo:1': { command: [process.execPath, program] as const } };
  const nodes = ['n1', 'n2'].map((name) => ({ name, runtime: new ProcessRuntime({ images }) }));
  return { nodes, container: { image: 'echo:1' }, requestsPerSecond: 500 };
}

/** What a number of rollouts under load came to. */
export interface TrialResult {
  readonly rollouts: number;
  readonly requests: number;
  /** Requests a second while versions were rolled. */
  readonly rate: number;
  /** Answers over WebSockets. */
  readonly messages: number;
  readonly reconnects: number;
  /** Versions that answered. */
  readonly versions: number;
  readonly failures: readonly string[];
}

/** Told of what happens while it happens. */
export interface TrialReport {
  readonly onRollout?: (done: number, failed: number) => void;
  readonly onFailure?: (why: string) => void;
}

const manifest = ({ container, volumes }: TrialPlace) => ({
  metadata: { name: 'web' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 20,
        containers: [
          {
            ...container,
            name: 'main',
            env: [...(container.env ?? []), { name: 'VERSION', value: '0' }],
            readinessProbe: { httpGet: { port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 },
          },
        ],
        ...(volumes === undefined ? {} : { volumes }),
      },
    },
  },
});

/** Rolls a real HTTP server so many times from one version to the next, under load all the while. */
export async function rollUnderLoad(rollouts: number, place: TrialPlace, report: TrialReport = {}): Promise<TrialResult> {
  const stop = new AbortController();
  const cluster = await Cluster.create({ nodes: place.nodes, nodeHealth: { leaseRenewMs: 10_000, gracePeriodMs: 120_000 } });
  const running = cluster.run({ signal: stop.signal });
  try {
    const web = await cluster.deployments.create(manifest(place));
    const service = await cluster.expose(web, { port: 80, targetPort: 8080, protocol: 'http' });
    await web.ready({ timeoutMs: 120_000 });
    await service.ready({ timeoutMs: 60_000 });
    return await trial(web, service, rollouts, place.requestsPerSecond, report);
  } finally {
    stop.abort();
    await running;
    await cluster.close();
  }
}

async function trial(
  web: Deployment,
  service: Service,
  rollouts: number,
  requestsPerSecond: number,
  { onRollout, onFailure }: TrialReport,
): Promise<TrialResult> {
  const url = service.url()!;
  const load = new Load(url, requestsPerSecond, (why) => onFailure?.(`request: ${why}`));
  const talk = new SocketLoad(url.replace(/^http/, 'ws'), sockets, (why) => onFailure?.(`WebSocket: ${why}`));
  const begun = performance.now();
  let rate = 0;
  try {
    for (let done = 1; done <= rollouts; done++) {
      const env = [{ name: 'VERSION', value: String(done) }];
      await web.patch({ type: 'strategic', patch: { spec: { template: { spec: { containers: [{ name: 'main', env }] } } } } });
      await web.rollout.wait({ timeoutMs: 180_000 });
      onRollout?.(done, load.failures.length + talk.failures.length);
    }
    rate = Math.round(load.sent / ((performance.now() - begun) / 1000));
    // Pods that were replaced take their time to let their WebSockets end: the load goes on until they are gone.
    const leaving = web.pods().filter((pod) => pod.metadata.deletionTimestamp !== undefined);
    await Promise.all(leaving.map((pod) => pod.waitFor('Deleted', { timeoutMs: 120_000 })));
  } finally {
    await Promise.all([load.stop(), talk.stop()]);
  }
  const versions = new Set([...talk.versions, ...[...load.answers.keys()].map((answer) => answer.split(' ')[0]!)]);
  return {
    rollouts,
    requests: load.sent,
    rate,
    messages: talk.answered,
    reconnects: talk.reconnects,
    versions: versions.size,
    failures: [...load.failures, ...talk.failures],
  };
}
