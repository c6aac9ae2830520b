import { createHash } from 'node:crypto';
import type { Clock } from '../../env/clock.ts';
import { sandboxId } from '../container-id.ts';
import type { AddressRange } from '../address-range.ts';
import { addressesExhausted } from '../runtime-failure.ts';
import { allNodes, labels, nodeFilter } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { ListedContainer } from './engine-answers.ts';
import { hasStatus } from './engine-answered.ts';
import type { Engine } from './engine.ts';
import type { PodPlan } from './pod-plan.ts';
import { sliceOf } from './relay-range.ts';

/** A cluster's network as an engine lists it. */
export interface FoundNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Labels?: Labels | null;
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
}

type Attached = ListedContainer & {
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<
      Record<string, { readonly IPAddress?: string; readonly IPAMConfig?: { readonly IPv4Address?: string } | null } | null>
    > | null;
  };
};

const removeTries = 10;
const removePauseMs = 100;
/**
 * Its machine needs no address in it. Packets may be large: on their way they are bytes in a stream, and what has to be done for each of
 * them is what a relay costs (with 9,000 bytes it carried twice as much as with 1,500, with 64,000 no more than with those).
 */
const options = { 'com.docker.network.bridge.inhibit_ipv4': 'true', 'com.docker.network.driver.mtu': '9000' };

/** The name of a cluster's network and of its relay, the same on each engine. */
const relayName = (clusterId: string): string => `coxswain-relay-${createHash('sha256').update(clusterId).digest('hex').slice(0, 12)}`;

/**
 * A cluster's network on one engine: it has the same range on each, and nothing but the cluster's relay leads out of it. Who is in it has
 * an address of the engine's slice, which is given out here. The engine's machine itself has none in it, where the engine can do without.
 */
export class ClusterNetwork {
  readonly name: string;
  readonly cidr: string;
  readonly slice: number;
  readonly addresses: AddressRange;
  readonly #engine: Engine;
  readonly #labels: Labels;
  readonly #slots = new Map<string, number>();
  #id = '';
  #making: Promise<void> | undefined;

  /** @param itsLabels What it is marked with where it has to be made. */
  constructor(engine: Engine, clusterId: string, itsLabels: Labels, cidr: string, slice: number) {
    this.#engine = engine;
    this.#labels = { ...itsLabels, [labels.relaySlice]: String(slice) };
    this.name = relayName(clusterId);
    this.cidr = cidr;
    this.slice = slice;
    this.addresses = sliceOf(cidr, slice);
  }

  static async find(engine: Engine, clusterId: string): Promise<FoundNetwork | undefined> {
    const filters = nodeFilter({ clusterId, nodeName: allNodes }, { [labels.role]: 'relay-network' });
    const request = { method: 'GET', path: '/networks', query: { filters } } as const;
    return (await engine.json<readonly FoundNetwork[]>('list networks', request))[0];
  }

  /** As the engine calls it. */
  get id(): string {
    return this.#id;
  }

  /** How many have an address in it. */
  get population(): number {
    return this.#slots.size;
  }

  /** Takes up one that was found, and the addresses of the pods that are in it. */
  async adopt({ Id }: FoundNetwork, clusterId: string): Promise<void> {
    this.#id = Id;
    const query = { all: true, filters: JSON.stringify({ label: [`${labels.cluster}=${clusterId}`], network: [this.name] }) };
    const request = { method: 'GET', path: '/containers/json', query } as const;
    for (const { Labels: its, NetworkSettings } of await this.#engine.json<readonly Attached[]>('list containers', request)) {
      const place = NetworkSettings?.Networks?.[this.name];
      const plan = its?.[labels.plan];
      if (plan === undefined || place === undefined || place === null) continue;
      const { uid, attempt } = JSON.parse(plan) as PodPlan;
      this.#reserve(sandboxId(uid, attempt), place.IPAMConfig?.IPv4Address || place.IPAddress || '');
    }
  }

  /** Makes it once another of its name has been taken away; until then `ensure` and who joins wait. */
  replace(takeAway: () => Promise<void>): void {
    this.#making = takeAway()
      .then(() => this.#ensure())
      .finally(() => (this.#making = undefined));
    // Told to who waits for it; the relay does, and tries again.
    this.#making.catch(() => undefined);
  }

  /** Makes it unless it is there. @throws EngineError if the engine has something else in its range. */
  async ensure(): Promise<void> {
    this.#making ??= this.#ensure().finally(() => (this.#making = undefined));
    return this.#making;
  }

  async #ensure(): Promise<void> {
    try {
      const found = await this.#engine.json<FoundNetwork>('look for the network', { method: 'GET', path: `/networks/${this.name}` });
      this.#id = found.Id;
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      this.#id = await this.#make();
    }
  }

  async #make(): Promise<string> {
    const body = {
      ...{ Name: this.name, CheckDuplicate: true, Driver: 'bridge', Internal: true, Labels: this.#labels },
      IPAM: { Driver: 'default', Config: [{ Subnet: this.cidr }] },
    };
    const create = async (Options: object): Promise<string> => {
      const request = { method: 'POST', path: '/networks/create', body: { ...body, Options } } as const;
      return (await this.#engine.json<{ readonly Id: string }>('create the network of the relay', request, { timeoutMs: 20_000 })).Id;
    };
    try {
      return await create(options);
    } catch (error) {
      // An engine that does not know one of them: its machine has an address in the range then, and packets are small.
      if (!/inhibit_ipv4|mtu|option/i.test((error as Error).message)) throw error;
      return create({});
    }
  }

  /** Puts a container into it, with an address of its own: the same one for a repeat. Before the container starts. */
  async join(engineId: string, sandbox: string, signal: AbortSignal): Promise<void> {
    const slot = this.#slots.get(sandbox) ?? this.addresses.take();
    if (slot === undefined) throw addressesExhausted(this.addresses.cidr, { kind: 'Pod', name: sandbox });
    this.#slots.set(sandbox, slot);
    // The engine would find out only when the container starts.
    await this.ensure();
    const body = { Container: engineId, EndpointConfig: { IPAMConfig: { IPv4Address: this.addresses.address(slot) } } };
    try {
      await this.#engine.json('join the network', { method: 'POST', path: `/networks/${this.name}/connect`, body }, { signal });
    } catch (error) {
      if (!hasStatus(error, 403, 409, 500) || !/already (exists|attached)/.test((error as Error).message)) throw error;
    }
  }

  /**
   * A sandbox has the address, whatever it was to have: an engine leaves a container that was to join the address it was first given,
   * also if who made it gave up, and the one who took it up asked for another.
   */
  note(sandbox: string, ip: string): void {
    if (this.#slots.get(sandbox) === this.addresses.slotOf(ip)) return;
    this.release(sandbox);
    this.#reserve(sandbox, ip);
  }

  release(sandbox: string): void {
    const slot = this.#slots.get(sandbox);
    if (slot === undefined) return;
    this.#slots.delete(sandbox);
    this.addresses.release(slot);
  }

  /** Best effort: not while somebody is in it. */
  async remove(clock: Clock): Promise<void> {
    for (let n = 0; n < removeTries; n++) {
      if (n > 0) await clock.sleep(removePauseMs);
      try {
        return await this.#engine.json('remove the network', { method: 'DELETE', path: `/networks/${this.name}` });
      } catch (error) {
        if (!hasStatus(error, 403, 409)) return;
      }
    }
  }

  #reserve(sandbox: string, ip: string): void {
    const slot = this.addresses.slotOf(ip);
    if (slot !== undefined && !this.#slots.has(sandbox) && this.addresses.reserve(ip)) this.#slots.set(sandbox, slot);
  }
}
