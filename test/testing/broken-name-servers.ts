import { ClusterNameServer } from '../../src/dns/cluster-name-server.ts';
import type { NameServer } from '../../src/dns/name-server.ts';
import type { StoredObject } from '../../src/api/object.ts';
import type { ObjectChange } from '../../src/loop/participant.ts';
import type { NameServerHost } from '../../src/testing/name-server-probe.ts';

/** A planted bug, and the cases of the suite that must find it. */
export interface BrokenNameServer {
  readonly bug: string;
  readonly make: (host: NameServerHost) => NameServer;
  readonly foundBy: readonly string[];
}

function patched(server: NameServer, patch: Partial<NameServer>): NameServer {
  const methods: NameServer = {
    name: server.name,
    start: (wake) => server.start(wake),
    onChanges: (changes) => server.onChanges(changes),
    step: (now) => server.step(now),
    close: () => server.close(),
    address: () => server.address(),
    problem: () => server.problem(),
    counters: () => server.counters(),
  };
  return { ...methods, ...patch };
}

/** The server sees other objects than there are; undefined hides a change. */
const deceived =
  (kind: string, see: (object: Record<string, unknown>, type: ObjectChange['type']) => object | undefined) =>
  (host: NameServerHost): NameServer => {
    const server = new ClusterNameServer(host);
    const alter = (change: ObjectChange): readonly ObjectChange[] => {
      if (change.object.kind !== kind) return [change];
      const seen = see({ ...change.object }, change.type);
      return seen === undefined ? [] : [{ ...change, object: seen as StoredObject }];
    };
    return patched(server, { onChanges: (changes) => server.onChanges(changes.flatMap(alter)) });
  };

interface Spec {
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly ports?: readonly object[];
  readonly type?: string;
}

const onSpec = (alter: (spec: Spec) => object) => deceived('Service', (object) => ({ ...object, spec: alter(object.spec as Spec) }));
const onEndpoints = (alter: (endpoints: readonly object[]) => readonly object[]) =>
  deceived('EndpointSlice', (object) => ({ ...object, endpoints: alter(object.endpoints as readonly object[]) }));

export const brokenNameServers: readonly BrokenNameServer[] = [
  {
    bug: 'knows one family of addresses',
    make: onSpec((spec) => ({ ...spec, ...(spec.clusterIPs && { clusterIPs: spec.clusterIPs.slice(0, 1) }) })),
    foundBy: ['a Service has its ClusterIPs, by family', 'a ClusterIP has the name of its Service'],
  },
  {
    bug: 'knows no namespaces',
    make: deceived('Namespace', () => undefined),
    foundBy: ['a name without what is asked for is no missing name'],
  },
  {
    bug: 'knows no ports',
    make: onSpec((spec) => ({ ...spec, ports: [] })),
    foundBy: ['a named port of a Service has SRV, an unnamed one has not'],
  },
  {
    bug: 'takes an alias for a headless Service',
    make: onSpec((spec) => ({ ...spec, type: 'ClusterIP' })),
    foundBy: ['an ExternalName is an alias, also of another Service'],
  },
  {
    bug: 'forgets nothing',
    make: (host) => {
      const server = new ClusterNameServer(host);
      return patched(server, { onChanges: (changes) => server.onChanges(changes.filter(({ type }) => type !== 'deleted')) });
    },
    foundBy: ['what is deleted has no name any more', 'a headless Service has the addresses of its ready endpoints'],
  },
  {
    bug: 'takes every endpoint for a ready one',
    make: onEndpoints((endpoints) => endpoints.map((each) => ({ ...each, conditions: { ready: true } }))),
    foundBy: ['a headless Service has the addresses of its ready endpoints'],
  },
  {
    bug: 'knows no hostnames',
    make: onEndpoints((endpoints) => endpoints.map((each) => ({ ...each, hostname: undefined }))),
    foundBy: [
      'an endpoint has a name: its hostname, or its address with dashes',
      'a named port of a headless Service has SRV for each ready endpoint, with the port of the pod',
    ],
  },
  {
    bug: 'gives what fits',
    make: onEndpoints((endpoints) => endpoints.slice(0, 25)),
    foundBy: ['an answer too long for a datagram is given over TCP, whole'],
  },
  {
    bug: 'serves another zone',
    make: (host) => new ClusterNameServer({ ...host, zone: 'cluster.example' }),
    foundBy: ['dns-version says which schema the names follow'],
  },
  {
    bug: 'owns every name',
    make: (host) => new ClusterNameServer({ ...host, zone: 'com' }),
    foundBy: ["a name that is none of the cluster's is refused"],
  },
  {
    bug: 'counts nothing',
    make: (host) => patched(new ClusterNameServer(host), { counters: () => ({ queries: 0, answered: 0, forwarded: 0, failed: 0 }) }),
    foundBy: ['questions are counted'],
  },
];
