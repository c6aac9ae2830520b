import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import httpProxy from 'http-proxy';
import type { EndpointSliceManifest, ServiceManifest } from '../../src/api/generated/models.ts';
import type { StoredObject } from '../../src/api/object.ts';
import type { ObjectChange } from '../../src/loop/participant.ts';
import type { ServiceProxy } from '../../src/proxy/service-proxy.ts';
import type { UserspaceServiceProxyOptions } from '../../src/proxy/userspace-options.ts';
import { UserspaceServiceProxy } from '../../src/proxy/userspace-service-proxy.ts';
import type { ProxyFixture, ProxyHost } from '../../src/testing/proxy-probe.ts';

/** A planted bug, and the cases of the suite that must find it. */
export interface BrokenProxy {
  readonly bug: string;
  readonly make: (host: ProxyHost) => { readonly proxy: ServiceProxy; readonly dispose?: () => Promise<void> };
  readonly foundBy: readonly string[];
}

export function fixtureOf({ make }: BrokenProxy): ProxyFixture {
  let dispose: (() => Promise<void>) | undefined;
  return {
    make: (host) => {
      const made = make(host);
      ({ dispose } = made);
      return made.proxy;
    },
    patienceMs: 400,
    dispose: async () => dispose?.(),
  };
}

const working = (host: ProxyHost, options: Partial<UserspaceServiceProxyOptions> = {}): ServiceProxy =>
  new UserspaceServiceProxy({ ...host, webSocketDrainMs: 20, fallbackIdleMs: 20, ...options });

/** The proxy with some of its methods replaced. */
function patched(proxy: ServiceProxy, patch: Partial<ServiceProxy>): ServiceProxy {
  const methods: ServiceProxy = {
    name: proxy.name,
    latencyBucketsMs: proxy.latencyBucketsMs,
    start: (wake) => proxy.start(wake),
    onChanges: (changes) => proxy.onChanges(changes),
    step: (now) => proxy.step(now),
    close: () => proxy.close(),
    listeners: () => proxy.listeners(),
    problems: () => proxy.problems(),
    serviceCounters: (namespace, name) => proxy.serviceCounters(namespace, name),
    podCounters: (uid) => proxy.podCounters(uid),
    inFlight: (uid) => proxy.inFlight(uid),
  };
  return { ...methods, ...patch };
}

/** The proxy sees other objects than there are; undefined hides a change. */
function deceived(proxy: ServiceProxy, see: (change: ObjectChange) => ObjectChange | undefined): ServiceProxy {
  return patched(proxy, { onChanges: (changes) => proxy.onChanges(changes.map(see).filter((change) => change !== undefined)) });
}

const onSlices =
  (alter: (slice: EndpointSliceManifest) => Partial<EndpointSliceManifest>) =>
  (change: ObjectChange): ObjectChange => {
    if (change.object.kind !== 'EndpointSlice') return change;
    const slice = change.object as StoredObject & EndpointSliceManifest;
    return { ...change, object: { ...slice, ...alter(slice) } as StoredObject };
  };

const onService =
  (alter: (spec: NonNullable<ServiceManifest['spec']>) => ServiceManifest['spec']) =>
  (change: ObjectChange): ObjectChange => {
    if (change.object.kind !== 'Service') return change;
    const service = change.object as StoredObject & ServiceManifest;
    return { ...change, object: { ...service, spec: alter(service.spec ?? {}) } as StoredObject };
  };

/** Puts something between the client and the proxy: `front` makes a server that leads to a port of the proxy. */
function fronted(proxy: ServiceProxy, front: (port: number) => Server): { proxy: ServiceProxy; dispose: () => Promise<void> } {
  const fronts = new Map<number, Server>();
  const sockets = new Set<Socket>();
  const open = (port: number): Server => {
    const server = front(port).listen(0, '127.0.0.1');
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
    });
    fronts.set(port, server);
    return server;
  };
  const listeners = (): ReturnType<ServiceProxy['listeners']> =>
    proxy.listeners().flatMap((listener) => {
      const address = (fronts.get(listener.localPort) ?? open(listener.localPort)).address() as AddressInfo | null;
      return address === null ? [] : [{ ...listener, localPort: address.port }];
    });
  const dispose = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await Promise.all([...fronts.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  };
  return { proxy: patched(proxy, { listeners }), dispose };
}

/** A server that carries bytes; `alter` may keep some from the client. */
function carrier(options: { allowHalfOpen: boolean; ends: boolean; forgets?: boolean }, alter: (data: Buffer, before: number) => Buffer) {
  return (port: number): Server =>
    createServer({ allowHalfOpen: options.allowHalfOpen }, (client) => {
      const inner = connect({ port, host: '127.0.0.1', allowHalfOpen: options.allowHalfOpen });
      let passed = 0;
      inner.on('error', () => undefined);
      inner.on('data', (data) => {
        client.write(alter(data, passed));
        passed += data.length;
      });
      client.on('data', (data) => inner.write(data));
      if (options.forgets) return;
      client.on('end', () => inner.end());
      client.on('close', () => inner.destroy());
      if (options.ends) inner.on('close', () => client.end());
    });
}

const unguarded = (port: number): Server => {
  const inner = httpProxy.createProxyServer({ target: { host: '127.0.0.1', port } });
  inner.on('error', () => undefined);
  return createHttpServer((req, res) => inner.web(req, res));
};

const noTraffic = { requests: 0, connections: 0, errors: 0, serverErrors: 0, inFlight: 0, latencyMsSum: 0, latencyBuckets: [0] };

const deaf: readonly BrokenProxy[] = [
  {
    bug: 'takes every endpoint for a ready one',
    make: (host) => ({
      proxy: deceived(
        working(host),
        onSlices(({ endpoints }) => ({ endpoints: endpoints.map((each) => ({ ...each, conditions: { ready: true } })) })),
      ),
    }),
    foundBy: [
      'an endpoint that is not ready gets nothing',
      'terminating endpoints that serve get traffic only while nothing is ready',
      'http: without an endpoint a request is answered with 503',
      'a request in flight is finished after its endpoint has left, and only then is the pod drained',
    ],
  },
  {
    bug: 'hears of the first endpoints only',
    make: (host) => ({
      proxy: deceived(working(host), (change) => (change.object.kind === 'EndpointSlice' && change.type !== 'added' ? undefined : change)),
    }),
    foundBy: [
      'a Service keeps its address while its endpoints come and go, and answers no more when deleted',
      'idle connections to a pod are closed as soon as its endpoint leaves',
      'sessionAffinity ClientIP: when its pod leaves, a client stays with another',
      'pods are replaced under load, and no request fails',
    ],
  },
  {
    bug: 'knows one endpoint only',
    make: (host) => ({
      proxy: deceived(
        working(host),
        onSlices(({ endpoints }) => ({ endpoints: endpoints.slice(0, 1) })),
      ),
    }),
    foundBy: [
      'http: requests over one kept connection are spread over all ready endpoints',
      'tcp: connections are spread over all ready endpoints',
      'an endpoint that refuses connections costs no request, POST included',
    ],
  },
  {
    bug: 'carries HTTP by the connection',
    make: (host) => ({
      proxy: deceived(
        working(host),
        onService((spec) => ({ ...spec, ports: spec.ports?.map((port) => ({ ...port, appProtocol: 'tcp' })) ?? [] })),
      ),
    }),
    foundBy: [
      'http: requests over one kept connection are spread over all ready endpoints',
      'requests are counted for the Service and for each pod',
    ],
  },
  {
    bug: 'mixes up the ports of a Service',
    make: (host) => ({
      proxy: deceived(
        working(host),
        onSlices((slice) => (slice.ports?.[0]?.name === 'db' ? { ports: [{ ...slice.ports[0], name: 'web' }] } : {})),
      ),
    }),
    foundBy: ['two ports of a Service are two listeners, each with its own endpoints'],
  },
  {
    bug: 'forgets sessions',
    make: (host) => ({
      proxy: deceived(
        working(host),
        onService((spec) => ({ ...spec, sessionAffinity: 'None' })),
      ),
    }),
    foundBy: [
      'sessionAffinity ClientIP: a client stays with its pod, over updates as well',
      'sessionAffinity ClientIP: when its pod leaves, a client stays with another',
    ],
  },
  {
    bug: 'lets datagrams go astray',
    make: (host) => {
      const resolve: ProxyHost['resolve'] = (uid, ip, port, protocol) =>
        protocol === 'UDP' ? { host: '127.0.0.1', port: 9 } : host.resolve(uid, ip, port, protocol);
      return { proxy: working({ ...host, resolve }) };
    },
    foundBy: ['udp: the datagrams of one client go to one pod, and answers come back'],
  },
];

const hasty: readonly BrokenProxy[] = [
  {
    bug: 'reports a pod as soon as it terminates',
    make: (host) => {
      const proxy = working({ ...host, markDrained: () => undefined });
      const seen = new Set<string>();
      const onChanges = (changes: readonly ObjectChange[]): void => {
        proxy.onChanges(changes.filter(({ object }) => object.kind !== 'Pod'));
        for (const { object } of changes) {
          const { uid, deletionTimestamp } = object.metadata;
          if (deletionTimestamp !== undefined && !seen.has(uid)) host.markDrained(uid, 0);
          if (deletionTimestamp !== undefined) seen.add(uid);
        }
      };
      return { proxy: patched(proxy, { onChanges }) };
    },
    foundBy: [
      'a request in flight is finished after its endpoint has left, and only then is the pod drained',
      'a terminating pod that its slices still call ready is not drained',
      'tcp: an open connection goes on after its endpoint has left, and holds the mark back',
      'a pod that is drained gets nothing more, whatever the slices say',
    ],
  },
  {
    bug: 'reports no pod',
    make: (host) => ({ proxy: working({ ...host, markDrained: () => undefined }) }),
    foundBy: [
      'a pod behind no Service is drained in the next step, and reported once',
      'a pod that is drained gets nothing more, whatever the slices say',
      'pods are replaced under load, and no request fails',
    ],
  },
  {
    bug: 'reports every pod twice',
    make: (host) => {
      const markDrained: ProxyHost['markDrained'] = (uid, at) => {
        host.markDrained(uid, at);
        host.markDrained(uid, at);
      };
      return { proxy: working({ ...host, markDrained }) };
    },
    foundBy: ['a pod behind no Service is drained in the next step, and reported once'],
  },
  {
    bug: 'keeps WebSockets for ever',
    make: (host) => ({ proxy: working(host, { webSocketDrainMs: 1e9 }) }),
    foundBy: ['a WebSocket is closed with 1001 when its pod leaves'],
  },
  {
    bug: 'lets everybody wait for an endpoint',
    make: (host) => ({ proxy: working(host, { hold: () => ({ maxRequests: 10, maxWaitMs: 60_000 }) }) }),
    foundBy: ['tcp: without an endpoint a connection is closed', 'http: without an endpoint a request is answered with 503'],
  },
];

const careless: readonly BrokenProxy[] = [
  {
    bug: 'is http-proxy without guards',
    make: (host) => fronted(working(host), unguarded),
    foundBy: [
      'http: a client that goes away is noticed by the pod (GET, before the answer began)',
      'http: a client that goes away is noticed by the pod (GET, after the answer began)',
      'http: a pod that dies in the middle of an answer cuts the client',
      'http: a DELETE with a chunked body is one request for the pod',
      'http: method, path and status pass as they are',
    ],
  },
  {
    bug: 'forgets clients that have gone',
    make: (host) =>
      fronted(
        working(host),
        carrier({ allowHalfOpen: true, ends: true, forgets: true }, (data) => data),
      ),
    foundBy: [
      'http: a client that goes away is noticed by the pod (POST, before the answer began)',
      'http: a client that goes away is noticed by the pod (POST, after the answer began)',
    ],
  },
  {
    bug: 'loses a byte of what is long',
    make: (host) =>
      fronted(
        working(host),
        carrier({ allowHalfOpen: true, ends: true }, (data, before) => (before > 100_000 && data.length > 1 ? data.subarray(1) : data)),
      ),
    foundBy: ['http: bodies of any size pass unchanged, both ways'],
  },
  {
    bug: 'ends a connection when one side does',
    make: (host) =>
      fronted(
        working(host),
        carrier({ allowHalfOpen: false, ends: true }, (data) => data),
      ),
    foundBy: ['tcp: each side may end before the other'],
  },
  {
    bug: 'leaves clients of a dead pod waiting',
    make: (host) =>
      fronted(
        working(host),
        carrier({ allowHalfOpen: true, ends: false }, (data) => data),
      ),
    foundBy: ['tcp: a pod that dies cuts its clients'],
  },
  {
    bug: 'counts nothing',
    make: (host) => ({
      proxy: patched(working(host), {
        serviceCounters: () => ({ ...noTraffic, held: 0, heldTotal: 0 }),
        podCounters: () => noTraffic,
        inFlight: () => 0,
      }),
    }),
    foundBy: [
      'requests are counted for the Service and for each pod',
      'what the proxy could not carry is counted as an error',
      'tcp: connections are counted',
    ],
  },
  {
    bug: 'does not close',
    make: (host) => {
      const proxy = working(host);
      return { proxy: patched(proxy, { close: async () => undefined }), dispose: () => proxy.close() };
    },
    foundBy: ['close() ends listeners and connections, and may be repeated'],
  },
];

export const brokenProxies: readonly BrokenProxy[] = [...deaf, ...hasty, ...careless];
