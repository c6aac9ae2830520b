import ipaddr from 'ipaddr.js';
import type { AdmissionRequest, AdmissionStep, Mutation } from '../api/admission.ts';
import { FieldErrors } from '../api/field-errors.ts';
import type { ServiceManifest, ServicePort, ServiceSpec } from '../api/generated/models.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import { invalid } from '../api/status-errors.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Random } from '../env/random.ts';
import { ApiError } from '../errors.ts';
import { serviceKind } from '../kinds/service.ts';
import type { Store, WriteOp } from '../stores/store.ts';

type Service = Stored<ServiceManifest>;

export interface ServiceRanges {
  readonly serviceCidr: string;
  readonly nodePorts: { readonly from: number; readonly to: number };
}

const prefix = 'allocations/';
/** So many free places are tried before the range counts as full. */
const attempts = 200;
/** The first node port that a dry run is told. */
const dryRunPort = 32_769;

/**
 * Gives Services their ClusterIP and node ports. What is taken is read from the view; where other processes write to the same
 * store, a key that is created only if absent decides.
 */
export class ServiceAllocation {
  readonly #store: Store;
  readonly #random: Random;
  readonly #ranges: ServiceRanges;
  readonly #first: number;
  readonly #size: number;
  /** Taken by creates that are on their way. */
  readonly #pending = new Set<string>();

  constructor(store: Store, random: Random, ranges: ServiceRanges) {
    this.#store = store;
    this.#random = random;
    this.#ranges = ranges;
    const [network, bits] = ipaddr.IPv4.parseCIDR(ranges.serviceCidr);
    this.#first = network.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
    this.#size = 2 ** (32 - bits);
  }

  step(): AdmissionStep {
    return {
      name: 'ServiceAllocation',
      mutate: (request) => {
        if (request.operation === 'DELETE' || request.kind.kind !== 'Service' || request.kind.group !== '' || request.subresource !== '')
          return undefined;
        return this.#allocate(request);
      },
    };
  }

  /** Gives back what a deleted Service had. Called for every Service that goes. */
  async release(service: Service): Promise<void> {
    if (!this.#store.shared) return;
    for (const key of keysOf(service.spec)) {
      const entry = await this.#store.get(key);
      if (entry !== undefined && (entry.value as { readonly uid?: string }).uid === service.metadata.uid)
        await this.#store.write([{ key, value: null, expected: entry.revision }]);
    }
  }

  async #allocate(request: AdmissionRequest): Promise<Mutation | undefined> {
    const service = request.object as ServiceManifest;
    const before = request.old as Service | undefined;
    const held: string[] = [];
    const rollback = async (): Promise<void> => {
      for (const key of held) await this.#free(key);
    };
    try {
      const spec = await this.#spec(request, service, before, held);
      if (spec === service.spec && held.length === 0) return undefined;
      // What was taken is visible in the view as soon as the Service is: until then it is pending.
      return { object: spec === service.spec ? request.object : ({ ...service, spec } as KubeObject), rollback };
    } catch (error) {
      await rollback();
      throw error;
    }
  }

  async #spec(
    request: AdmissionRequest,
    service: ServiceManifest,
    before: Service | undefined,
    held: string[],
  ): Promise<ServiceSpec | undefined> {
    const spec = service.spec;
    if (spec === undefined || spec.type === 'ExternalName') return spec;
    const uid = service.metadata?.uid ?? '';
    // One that has an address keeps it: whether a change is allowed is for validation to say.
    const kept = before?.spec?.type !== 'ExternalName' && (before?.spec?.clusterIP ?? '') !== '';
    // A dry run promises no address.
    const promised = !request.dryRun || (spec.clusterIP ?? '') !== '';
    let next = spec;
    if (!kept && promised && spec.clusterIP !== 'None') {
      const clusterIP = await this.#clusterIp(request, spec.clusterIP ?? '', uid, held);
      next = { ...next, clusterIP, clusterIPs: [clusterIP] };
    }
    if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return next;
    if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false) return next;
    const ports: ServicePort[] = [];
    for (const [i, port] of (spec.ports ?? []).entries()) ports.push(await this.#nodePort(request, port, i, before, ports, uid, held));
    return ports.every((port, i) => port === spec.ports?.[i]) ? next : { ...next, ports };
  }

  async #clusterIp(request: AdmissionRequest, wanted: string, uid: string, held: string[]): Promise<string> {
    const taken = new Set(request.view.list(serviceKind).map((service) => service.spec?.clusterIP));
    if (wanted !== '') {
      if (!this.#contains(wanted))
        throw refused(
          request,
          'spec.clusterIPs',
          [wanted],
          `failed to allocate IP ${wanted}: the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${this.#ranges.serviceCidr}`,
        );
      if (taken.has(wanted) || !(await this.#take(request, `clusterips/${wanted}`, uid, held)))
        throw refused(request, 'spec.clusterIPs', [wanted], `failed to allocate IP ${wanted}: provided IP is already allocated`);
      return wanted;
    }
    const usable = this.#size - 2;
    const start = this.#random.integer(usable);
    for (let i = 0; i < Math.min(usable, attempts + taken.size); i++) {
      const ip = textOf(this.#first + 1 + ((start + i) % usable));
      if (!taken.has(ip) && (await this.#take(request, `clusterips/${ip}`, uid, held))) return ip;
    }
    throw new ApiError(500, 'InternalError', `failed to allocate a serviceIP: range ${this.#ranges.serviceCidr} is full`);
  }

  async #nodePort(
    request: AdmissionRequest,
    port: ServicePort,
    index: number,
    before: Service | undefined,
    chosen: readonly ServicePort[],
    uid: string,
    held: string[],
  ): Promise<ServicePort> {
    const { from, to } = this.#ranges.nodePorts;
    const old = before?.spec?.ports?.find(
      (each) => each.port === port.port && (each.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )?.nodePort;
    const wanted = port.nodePort ?? 0;
    if (wanted !== 0 && before?.spec?.ports?.some((each) => each.nodePort === wanted) === true) return port;
    const taken = takenNodePorts(request.view, before, chosen);
    const key = (number: number): string => `nodeports/${port.protocol ?? 'TCP'}/${number}`;
    if (wanted !== 0) {
      const path = `spec.ports[${index}].nodePort`;
      if (wanted < from || wanted > to)
        throw refused(request, path, wanted, `provided port is not in the valid range. The range of valid ports is ${from}-${to}`);
      if (taken.has(`${port.protocol ?? 'TCP'}/${wanted}`) || !(await this.#take(request, key(wanted), uid, held)))
        throw refused(request, path, wanted, 'provided port is already allocated');
      return port;
    }
    if (old !== undefined && old !== 0) return { ...port, nodePort: old };
    // A dry run gets numbers that nobody has: outside the range.
    if (request.dryRun)
      return { ...port, nodePort: dryRunPort + Math.max(0, ...chosen.map((each) => (each.nodePort ?? 0) - dryRunPort + 1)) };
    const size = to - from + 1;
    const start = this.#random.integer(size);
    for (let i = 0; i < Math.min(size, attempts + taken.size); i++) {
      const number = from + ((start + i) % size);
      if (!taken.has(`${port.protocol ?? 'TCP'}/${number}`) && (await this.#take(request, key(number), uid, held)))
        return { ...port, nodePort: number };
    }
    throw new ApiError(500, 'InternalError', `failed to allocate a nodePort: range ${from}-${to} is full`);
  }

  /** True if the place is ours now. */
  async #take(request: AdmissionRequest, place: string, uid: string, held: string[]): Promise<boolean> {
    const key = prefix + place;
    if (this.#pending.has(key)) return false;
    if (request.dryRun) return true;
    if (this.#store.shared) {
      const [result] = await this.#store.write([{ key, value: Object.freeze({ uid }), expected: 0 }]);
      if (result?.ok !== true) return false;
    }
    this.#pending.add(key);
    held.push(key);
    return true;
  }

  async #free(key: string): Promise<void> {
    this.#pending.delete(key);
    if (!this.#store.shared) return;
    const entry = await this.#store.get(key);
    if (entry !== undefined) await this.#store.write([{ key, value: null, expected: entry.revision }]);
  }

  /** The Service is in the view: its places are seen there from now on. */
  seen(service: Service): void {
    for (const key of keysOf(service.spec)) this.#pending.delete(key);
  }

  #contains(text: string): boolean {
    return ipaddr.IPv4.isValidFourPartDecimal(text) && ipaddr.IPv4.parse(text).match(ipaddr.IPv4.parseCIDR(this.#ranges.serviceCidr));
  }
}

/** The writes that take what a Service has, for a store that others write to. */
export function allocationsOf(service: Service): readonly WriteOp[] {
  return keysOf(service.spec).map((key) => ({ key, value: Object.freeze({ uid: service.metadata.uid }), expected: 0 }));
}

function keysOf(spec: ServiceSpec | undefined): readonly string[] {
  const ports = (spec?.ports ?? []).flatMap((port) =>
    port.nodePort === undefined || port.nodePort === 0 ? [] : [`${prefix}nodeports/${port.protocol ?? 'TCP'}/${port.nodePort}`],
  );
  return spec?.clusterIP === undefined || spec.clusterIP === '' || spec.clusterIP === 'None'
    ? ports
    : [`${prefix}clusterips/${spec.clusterIP}`, ...ports];
}

function takenNodePorts(view: ViewReader, self: Service | undefined, chosen: readonly ServicePort[]): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const service of view.list(serviceKind)) {
    if (service.metadata.uid === self?.metadata.uid) continue;
    for (const port of service.spec?.ports ?? []) if (port.nodePort !== undefined) taken.add(`${port.protocol ?? 'TCP'}/${port.nodePort}`);
  }
  for (const port of chosen) if (port.nodePort !== undefined) taken.add(`${port.protocol ?? 'TCP'}/${port.nodePort}`);
  return taken;
}

const textOf = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

function refused(request: AdmissionRequest, field: string, value: unknown, why: string): ApiError {
  const errors = new FieldErrors();
  errors.invalid(field, value, why);
  return invalid(request.kind, request.object.metadata?.name ?? '', errors);
}
