import type { PodManifest, ServiceManifest, ServicePort } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { ageColumn, column, labelsText, nameColumn, orNone } from './columns.ts';
import { alignClusterIps } from './service/cluster-ips.ts';
import { defaultServiceSpec, prepareServiceUpdate } from './service/service-defaults.ts';
import { validateService, validateServiceStatus, validateServiceUpdate } from './service/service-validation.ts';
import type { Client, WaitOptions } from '../api/client.ts';
import { Handle } from '../api/handle.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import { endpointSliceKind } from './endpoint-slice.ts';
import { podKind } from './pod.ts';

type StoredService = Stored<ServiceManifest>;

/** Longest list of balancers shown without `-o wide`. */
const balancersTextMax = 16;

function balancersOf(service: StoredService): string {
  const points = service.status?.loadBalancer?.ingress ?? [];
  const text = points.map((point) => point.ip || point.hostname || '').join(',');
  return text.length > balancersTextMax ? `${text.slice(0, balancersTextMax - 3)}...` : text;
}

function externalIp(service: StoredService): string {
  const external = (service.spec?.externalIPs ?? []).join(',');
  switch (service.spec?.type) {
    case 'ClusterIP':
    case 'NodePort':
      return orNone(external);
    case 'LoadBalancer': {
      const both = [balancersOf(service), external].filter((text) => text !== '').join(',');
      return both === '' ? '<pending>' : both;
    }
    case 'ExternalName':
      return service.spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function portsText(service: StoredService): string {
  const ports = (service.spec?.ports ?? []).map(
    ({ port, nodePort = 0, protocol = '' }) => `${port}${nodePort > 0 ? `:${nodePort}` : ''}/${protocol}`,
  );
  return orNone(ports.join(','));
}

export const serviceKind: KindDescriptor<ServiceManifest> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  model: 'Service',
  nameRule: 'dns1035-label',
  hasGeneration: false,
  hasStatus: true,
  applyDefaults: (draft) => {
    draft.spec ??= {};
    if (!Object.isFrozen(draft.spec)) defaultServiceSpec(draft.spec);
    for (const ingress of draft.status?.loadBalancer?.ingress ?? []) {
      if (ingress.ip !== undefined && ingress.ip !== '' && !Object.isFrozen(ingress)) ingress.ipMode ??= 'VIP';
    }
  },
  prepareForCreate: (draft) => {
    draft.status = { loadBalancer: {} };
    if (draft.spec !== undefined) alignClusterIps(draft.spec, undefined);
  },
  prepareForUpdate: (draft, old) => {
    if (draft.spec !== undefined && old.spec !== undefined && !Object.isFrozen(draft.spec)) prepareServiceUpdate(draft.spec, old.spec);
  },
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: (service, _old, errors) => validateServiceStatus(service, errors),
  selectableFields: {
    'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
    'spec.type': (service) => service.spec?.type ?? '',
  },
  columns: [
    nameColumn,
    column('Type', (service) => service.spec?.type ?? ''),
    column('Cluster-IP', (service) => orNone(service.spec?.clusterIPs?.[0])),
    column('External-IP', externalIp),
    column('Port(s)', portsText),
    ageColumn,
    column('Selector', (service) => labelsText(service.spec?.selector), { wide: true }),
  ],
};

function schemeOf(port: ServicePort | undefined): string {
  if (port?.protocol === 'UDP') return 'udp';
  return port?.appProtocol?.toLowerCase() === 'https' ? 'https' : 'http';
}

/** One address behind a Service. */
export interface ServiceEndpoint {
  readonly address: string;
  readonly port: number | undefined;
  readonly podName: string | undefined;
  readonly ready: boolean;
}

/**
 * One address for a set of Pods.
 * Source: https://kubernetes.io/docs/concepts/services-networking/service/
 */
export class Service extends Handle<ServiceManifest> {
  constructor(manifest: ServiceManifest, client?: Client) {
    super(serviceKind, manifest, client);
  }

  get spec(): NonNullable<ServiceManifest['spec']> {
    return this.object.spec!;
  }

  get status(): NonNullable<ServiceManifest['status']> {
    return this.object.status ?? {};
  }

  get clusterIP(): string | undefined {
    return this.spec.clusterIP;
  }

  /**
   * Where a port answers on this machine, as a URL; undefined until it does, which `ready()` waits for. `port`: a name or number, the
   * first if absent. The scheme is what the port says it carries: `udp`, `https`, and `http` for every other TCP port.
   */
  url(port?: string | number): string | undefined {
    const address = this.client.streams.serviceAddress(this.at, port);
    if (address === undefined) return undefined;
    const { ports = [] } = this.spec;
    const scheme = schemeOf(port === undefined ? ports[0] : ports.find((each) => each.name === port || each.port === port));
    return `${scheme}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  }

  endpoints(): readonly ServiceEndpoint[] {
    return this.client
      .list(endpointSliceKind, { namespace: this.namespace, labelSelector: `kubernetes.io/service-name=${this.name}` })
      .flatMap((slice) =>
        (slice.endpoints ?? []).flatMap((endpoint) =>
          endpoint.addresses.map((address) => ({
            address,
            port: slice.ports?.[0]?.port,
            podName: endpoint.targetRef?.name,
            ready: endpoint.conditions?.ready !== false,
          })),
        ),
      );
  }

  /**
   * Waits until every Pod it selects that is ready, at least one, is among its endpoints, and until it answers on this machine if it can:
   * simulated Pods have no traffic, and a headless Service has no address. One of type ExternalName is ready as it is.
   */
  ready(options: WaitOptions = {}): Promise<this> {
    const check = (): this | undefined => {
      if (this.spec.type === 'ExternalName') return this;
      const ready = this.endpoints().filter((endpoint) => endpoint.ready).length;
      return ready >= Math.max(1, this.#readyPods()) && (!this.#hasAddress || this.url() !== undefined) ? this : undefined;
    };
    return this.client.waitFor(
      `${this.what} to have a ready endpoint`,
      check,
      () => `${this.evidence()}\nendpoints: ${JSON.stringify(this.endpoints())}`,
      options,
    );
  }

  /** Whether this process gives it an address to answer at. */
  get #hasAddress(): boolean {
    return this.client.streams.carriesServices && this.spec.clusterIP !== 'None';
  }

  /** How many ready Pods the selector selects; 0 without one. */
  #readyPods(): number {
    const { selector } = this.spec;
    if (selector === undefined || Object.keys(selector).length === 0) return 0;
    const labelSelector = LabelMatcher.ofMap(selector).toString();
    const isReady = (pod: Stored<PodManifest>): boolean =>
      pod.metadata.deletionTimestamp === undefined &&
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
    return this.client.list(podKind, { namespace: this.namespace, labelSelector }).filter(isReady).length;
  }
}
