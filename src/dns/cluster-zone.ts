import { isIP } from 'node:net';
import { addressOfReverseName } from './reverse-name.ts';
import { clusterIPs, dashed, type ZoneEndpoint, type ZoneIndex, type ZoneService } from './zone-index.ts';
import type { ZoneAnswer, ZoneQuestion, ZoneRecord } from './zone-record.ts';

/** What the zone is called and who serves it. */
export interface ZoneSettings {
  /** `cluster.local`, without dots at its ends. */
  readonly zone: string;
  /** The namespace of names without one (`web`); undefined: such names are none of ours. */
  readonly shortNamespace: string | undefined;
  /** Where this server answers: `ns.dns.<zone>`. */
  readonly ownAddress: () => string | undefined;
}

/** The version of the specification that the names follow. */
const schemaVersion = '1.1.0';
/** An alias of an alias of an alias; more are a circle. */
const maxAliases = 8;
const nothing: ZoneAnswer = { exists: true, records: [], additional: [], elsewhere: undefined };
const noSuchName: ZoneAnswer = { ...nothing, exists: false };
const found = (records: readonly ZoneRecord[], additional: readonly ZoneRecord[] = []): ZoneAnswer => ({ ...nothing, records, additional });

/**
 * Answers questions about the cluster from an index, purely. Source: "Kubernetes DNS-Based Service Discovery", version 1.1.0; what that leaves
 * open (names between names, SRV of a Service's own name) is answered as CoreDNS does.
 */
export class ClusterZone {
  readonly #index: ZoneIndex;
  readonly #settings: ZoneSettings;

  constructor(index: ZoneIndex, settings: ZoneSettings) {
    this.#index = index;
    this.#settings = settings;
  }

  /** The answer, or undefined if the name is none of the cluster's. */
  answer(question: ZoneQuestion): ZoneAnswer | undefined {
    const name = question.name.toLowerCase().replace(/\.$/, '');
    const { zone } = this.#settings;
    if (name === zone) return this.#apex(question);
    if (name.endsWith(`.${zone}`)) return this.#inZone(name.slice(0, -zone.length - 1).split('.'), question, 0);
    const address = addressOfReverseName(name);
    if (address !== undefined) return this.#reverse(address, question);
    return this.#short(name.split('.'), question);
  }

  /** The record that says how long "no such name" may be believed. */
  authority(): ZoneRecord {
    return { type: 'SOA', name: this.#settings.zone, serial: this.#index.version };
  }

  #apex({ type, name }: ZoneQuestion): ZoneAnswer {
    const { zone } = this.#settings;
    if (type === 'SOA') return found([{ ...this.authority(), name }]);
    if (type === 'NS') return found([{ type: 'NS', name, value: `ns.dns.${zone}` }], this.#own(`ns.dns.${zone}`, 'A'));
    return nothing;
  }

  /** `labels` are those before the zone. */
  #inZone(labels: readonly string[], question: ZoneQuestion, aliases: number): ZoneAnswer {
    const [last, rest] = [labels.at(-1), labels.slice(0, -1)];
    if (last === 'svc') return this.#services(rest, question, aliases);
    if (last === 'pod') return this.#pod(rest, question);
    const path = labels.join('.');
    if (path === 'dns-version')
      return question.type === 'TXT' ? found([{ type: 'TXT', name: question.name, value: schemaVersion }]) : nothing;
    if (path === 'ns.dns') return found(this.#own(question.name, question.type));
    return path === 'dns' ? nothing : noSuchName;
  }

  #services(labels: readonly string[], question: ZoneQuestion, aliases: number): ZoneAnswer {
    const namespace = labels.at(-1);
    if (namespace === undefined) return nothing;
    const name = labels.at(-2);
    if (name === undefined) return this.#index.hasNamespace(namespace) ? nothing : noSuchName;
    const service = this.#index.service(namespace, name);
    if (service === undefined) return noSuchName;
    const [first, second, ...more] = labels.slice(0, -2);
    if (first === undefined) return this.#service(service, question, aliases);
    if (service.spec.type === 'ExternalName' || more.length > 0) return noSuchName;
    if (second !== undefined) return this.#port(service, first, second, question);
    if (first.startsWith('_')) return this.#protocols(service).includes(first) ? nothing : noSuchName;
    return this.#endpoint(service, first, question);
  }

  #service(service: ZoneService, question: ZoneQuestion, aliases: number): ZoneAnswer {
    const { spec, namespace, name } = service;
    if (spec.type === 'ExternalName') return this.#alias(spec.externalName ?? '', question, aliases);
    if (question.type === 'SRV') return this.#portRecords(service, question, () => true);
    const ips = clusterIPs({ spec });
    if (ips.length > 0) return found(addresses(ips, question));
    const endpoints = this.#index.endpoints(namespace, name);
    if (endpoints.length === 0) return noSuchName;
    return found(
      addresses(
        endpoints.map(({ ip }) => ip),
        question,
      ),
    );
  }

  /** An ExternalName that is an address has no alias: CNAME cannot say it, Kubernetes warns of it. */
  #alias(target: string, question: ZoneQuestion, aliases: number): ZoneAnswer {
    const value = target.toLowerCase().replace(/\.$/, '');
    if (value === '' || isIP(value) !== 0 || aliases >= maxAliases) return nothing;
    const alias: ZoneRecord = { type: 'CNAME', name: question.name, value };
    if (question.type === 'CNAME') return found([alias]);
    const { zone } = this.#settings;
    if (!value.endsWith(`.${zone}`)) return { ...nothing, records: [alias], elsewhere: value };
    const labels = value.slice(0, -zone.length - 1).split('.');
    const next = this.#inZone(labels, { name: value, type: question.type }, aliases + 1);
    return { ...next, exists: true, records: [alias, ...next.records] };
  }

  #endpoint(service: ZoneService, hostname: string, question: ZoneQuestion): ZoneAnswer {
    const endpoints = this.#index
      .endpoints(service.namespace, service.name)
      .filter((endpoint) => endpoint.hostname === hostname || dashed(endpoint.ip) === hostname);
    if (endpoints.length === 0) return noSuchName;
    return found(
      addresses(
        endpoints.map(({ ip }) => ip),
        question,
      ),
    );
  }

  #port(service: ZoneService, port: string, protocol: string, question: ZoneQuestion): ZoneAnswer {
    const matches = (each: { readonly name: string; readonly protocol: string }): boolean =>
      each.name !== '' && port === `_${each.name.toLowerCase()}` && protocol === `_${each.protocol.toLowerCase()}`;
    const answer = this.#portRecords(service, question, matches);
    if (answer.records.length === 0) return noSuchName;
    return question.type === 'SRV' ? answer : nothing;
  }

  #portRecords(
    service: ZoneService,
    { name }: ZoneQuestion,
    matches: (port: { readonly name: string; readonly protocol: string }) => boolean,
  ): ZoneAnswer {
    const own = this.#nameOf(service);
    const ips = clusterIPs(service);
    if (ips.length > 0) {
      const ports = (service.spec.ports ?? []).filter((port) => matches({ name: port.name ?? '', protocol: port.protocol ?? 'TCP' }));
      return found(
        srv(
          name,
          ports.map(({ port }) => ({ port, target: own })),
        ),
        addresses(ips, { name: own, type: 'ANY' }),
      );
    }
    const endpoints = this.#index.endpoints(service.namespace, service.name);
    const target = ({ hostname }: ZoneEndpoint): string => `${hostname}.${own}`;
    const targets = endpoints.flatMap((endpoint) => endpoint.ports.filter(matches).map(({ port }) => ({ port, target: target(endpoint) })));
    return found(
      srv(name, targets),
      endpoints.flatMap((endpoint) => addresses([endpoint.ip], { name: target(endpoint), type: 'ANY' })),
    );
  }

  #protocols(service: ZoneService): readonly string[] {
    return (service.spec.ports ?? []).map(({ protocol = 'TCP' }) => `_${protocol.toLowerCase()}`);
  }

  /** `10-1-2-3.<namespace>.pod`: says what it says. Deprecated, and asked for all the same. */
  #pod([first, namespace, ...more]: readonly string[], question: ZoneQuestion): ZoneAnswer {
    if (first === undefined) return nothing;
    if (namespace === undefined) return this.#index.hasNamespace(first) ? nothing : noSuchName;
    const ip = [first.replaceAll('-', '.'), first.replaceAll('-', ':')].find((text) => isIP(text) !== 0);
    if (more.length > 0 || ip === undefined || !this.#index.hasNamespace(namespace)) return noSuchName;
    return found(addresses([ip], question));
  }

  #reverse(ip: string, question: ZoneQuestion): ZoneAnswer | undefined {
    const owners = this.#index.ownersOf(ip);
    if (owners.length === 0) return undefined;
    if (question.type !== 'PTR' && question.type !== 'ANY') return nothing;
    return found(
      owners.map(({ service, hostname }) => {
        const own = this.#nameOf(service);
        return { type: 'PTR', name: question.name, value: hostname === undefined ? own : `${hostname}.${own}` };
      }),
    );
  }

  /** `web`, `web.default`, `web.default.svc`, for programs that know no search path; only if there is such a Service. */
  #short(labels: readonly string[], question: ZoneQuestion): ZoneAnswer | undefined {
    const [name = '', namespace = this.#settings.shortNamespace, svc = 'svc', ...more] = labels;
    if (namespace === undefined || svc !== 'svc' || more.length > 0) return undefined;
    const service = this.#index.service(namespace, name);
    return service && this.#service(service, question, 0);
  }

  #own(name: string, type: string): readonly ZoneRecord[] {
    const address = this.#settings.ownAddress();
    return address === undefined ? [] : addresses([address], { name, type });
  }

  #nameOf({ name, namespace }: Pick<ZoneService, 'name' | 'namespace'>): string {
    return `${name}.${namespace}.svc.${this.#settings.zone}`;
  }
}

function addresses(ips: readonly string[], { name, type }: ZoneQuestion): readonly ZoneRecord[] {
  const records = ips.map((ip) => ({ type: isIP(ip) === 6 ? ('AAAA' as const) : ('A' as const), name, value: ip }));
  return records.filter((record) => type === 'ANY' || record.type === type);
}

/** Targets of one priority share a hundred, as CoreDNS has it. */
function srv(name: string, targets: readonly { readonly port: number; readonly target: string }[]): readonly ZoneRecord[] {
  const weight = Math.max(1, Math.floor(100 / Math.max(1, targets.length)));
  return targets.map(({ port, target }) => ({ type: 'SRV', name, port, weight, target }));
}
