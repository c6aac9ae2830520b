import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Cluster } from '../../src/index.ts';
import type { ServerHandle } from '../../src/server/serve-options.ts';
import type { Measure } from '../measure.ts';
import { ask, bareServer, Latencies, requestsPerSecond } from './load.ts';

/*
 * The API over plain HTTP beside a bare server that answers with the same bytes; client and both servers share one process, and so one
 * core. Objects are Pods as people write them, about 1 kB each.
 */

const clients = 16;
const pods = '/api/v1/namespaces/default/pods';
const token = 'bench';

const pod = (name: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench', tier: 'web' } },
    spec: { containers: [{ name: 'c', image: 'example.com/img:v1', ports: [{ containerPort: 80 }] }] },
  });

let cluster: Cluster;
let server: ServerHandle;
let bare: Awaited<ReturnType<typeof bareServer>>;
let answer: Buffer = Buffer.alloc(0);
let made = 0;

/** A served cluster with so many Pods, and the bare server that answers what `path` is answered with. */
function prepared(count: number, path: string): () => Promise<() => Promise<void>> {
  return async () => {
    cluster = await Cluster.create({ controllers: 'none', scheduler: 'none' });
    server = await cluster.serve({ tls: false, auth: { token } });
    const kind = cluster.kinds.byKind('v1', 'Pod')!;
    for (let i = 0; i < count; i++) {
      const manifest = JSON.parse(pod(`p-${i}`)) as { metadata: object };
      await cluster.registry.create(kind, { ...manifest, metadata: { ...manifest.metadata, namespace: 'default' } } as never);
    }
    const shown = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    answer = Buffer.from(await shown.arrayBuffer());
    bare = await bareServer(() => answer);
    return async () => {
      await bare.close();
      await cluster.close();
    };
  };
}

const took = { get: new Latencies(), create: new Latencies(), update: new Latencies() };

const post = (i: number): { readonly method: string; readonly body: string } => ({ method: 'POST', body: pod(`n-${made++}-${i}`) });

const apiGet: Measure = {
  name: 'api.get',
  unit: 'requests/s',
  aim: { ratio: 0.6, of: 'node:http' },
  better: 'higher',
  samples: 5,
  warmup: 1,
  prepare: prepared(100, `${pods}/p-1`),
  sample: () => requestsPerSecond(5000, clients, () => ({ url: `${server.url}${pods}/p-1`, token }), took.get),
  details: () => took.get.details,
  against: [{ name: 'node:http', sample: () => requestsPerSecond(5000, clients, () => ({ url: bare.url })) }],
};

const apiCreate: Measure = {
  name: 'api.create',
  unit: 'requests/s',
  aim: { ratio: 0.6, of: 'node:http' },
  better: 'higher',
  samples: 5,
  warmup: 1,
  prepare: prepared(100, `${pods}/p-1`),
  sample: () => requestsPerSecond(2000, clients, (i) => ({ url: `${server.url}${pods}`, token, ...post(i) }), took.create),
  details: () => took.create.details,
  against: [{ name: 'node:http', sample: () => requestsPerSecond(2000, clients, (i) => ({ url: bare.url, ...post(i) })) }],
};

const apiUpdate: Measure = {
  name: 'api.update',
  unit: 'requests/s',
  aim: 1400,
  better: 'higher',
  samples: 5,
  warmup: 1,
  prepare: prepared(100, `${pods}/p-1`),
  sample: () =>
    requestsPerSecond(
      2000,
      clients,
      (i) => {
        const object = JSON.parse(answer.toString()) as { metadata: { resourceVersion?: string; labels: Record<string, string> } };
        delete object.metadata.resourceVersion;
        object.metadata.labels['n'] = String(made++ + i);
        return { url: `${server.url}${pods}/p-1`, method: 'PUT', token, body: JSON.stringify(object) };
      },
      took.update,
    ),
  details: () => took.update.details,
};

/** How long one list takes, in milliseconds, when the objects are as the last one left them. */
function apiList(name: string, count: number, aimMs: number): Measure {
  const latencies = new Latencies();
  const timed = async (url: string, given: object): Promise<number> => {
    const agent = new Agent({ keepAlive: true });
    const begun = performance.now();
    await ask(agent, { url, ...given });
    agent.destroy();
    return performance.now() - begun;
  };
  const ours = async (): Promise<number> => {
    const took = latencies.begin();
    const ms = await timed(`${server.url}${pods}`, { token });
    took(ms);
    return ms;
  };
  return {
    name,
    unit: 'ms',
    aim: aimMs,
    better: 'lower',
    samples: 9,
    warmup: 1,
    prepare: prepared(count, pods),
    sample: ours,
    details: () => latencies.details,
    against: [{ name: 'node:http', sample: () => timed(bare.url, {}) }],
  };
}

const watchers = 1000;
const updates = 1000;

/** Opens watches of all Pods; `onBytes` is told of what each of them reads. */
async function openWatches(count: number, onBytes: (chunk: Buffer) => void): Promise<readonly ClientRequest[]> {
  const revision = await cluster.registry.head();
  const one = (): Promise<ClientRequest> =>
    new Promise((resolve, reject) => {
      const url = `${server.url}${pods}?watch=true&resourceVersion=${revision}`;
      const sent = request(url, { agent: false, headers: { authorization: `Bearer ${token}` } }, (response: IncomingMessage) => {
        response.on('data', onBytes).once('error', () => undefined);
        resolve(sent);
      });
      sent.once('error', reject);
      sent.end();
    });
  return Promise.all(Array.from({ length: count }, one));
}

const newline = 0x0a;

/** Events delivered a second: so many watchers, each of which sees every update. */
const watchFanout: Measure = {
  name: 'api.watch-fanout',
  unit: 'events/s',
  aim: 100_000,
  better: 'higher',
  samples: 3,
  warmup: 1,
  prepare: prepared(1, `${pods}/p-0`),
  sample: async () => {
    let seen = 0;
    let done: () => void = () => undefined;
    const all = new Promise<void>((resolve) => (done = resolve));
    const open = await openWatches(watchers, (chunk) => {
      for (const byte of chunk) if (byte === newline) seen++;
      if (seen >= watchers * updates) done();
    });
    const kind = cluster.kinds.byKind('v1', 'Pod')!;
    const begun = performance.now();
    for (let i = 0; i < updates; i++)
      await cluster.registry.patch(
        kind,
        { namespace: 'default', name: 'p-0' },
        { type: 'merge', patch: { metadata: { labels: { n: String(made++) } } } },
      );
    await all;
    const seconds = (performance.now() - begun) / 1000;
    for (const watch of open) watch.destroy();
    return (watchers * updates) / seconds;
  },
};

/** Memory that one idle watcher costs: the server's side and the client's together, since both are here. */
const watcherBytes: Measure = {
  name: 'api.watcher-bytes',
  unit: 'bytes',
  aim: 100_000,
  better: 'lower',
  samples: 3,
  warmup: 1,
  prepare: prepared(1, `${pods}/p-0`),
  sample: async () => {
    const heap = (): number => {
      (globalThis as { gc?: () => void }).gc?.();
      return process.memoryUsage().heapUsed;
    };
    const before = heap();
    const open = await openWatches(watchers, () => undefined);
    const after = heap();
    for (const watch of open) watch.destroy();
    return Math.max(0, after - before) / watchers;
  },
};

/** The figures of the API, in the order in which they are taken. */
export const api: readonly Measure[] = [
  apiGet,
  apiCreate,
  apiUpdate,
  apiList('api.list-1k', 1000, 50),
  apiList('api.list-10k', 10_000, 150),
  watchFanout,
  watcherBytes,
];
