import type { Clock } from '../../env/clock.ts';
import type { RuntimeEnv } from '../runtime.ts';
import { ClusterNetwork } from './cluster-network.ts';
import type { FoundNetwork } from './cluster-network.ts';
import { labels, sharedLabels } from './docker-labels.ts';
import { hasStatus } from './engine-answered.ts';
import { formatEngineAddress } from './engine-address.ts';
import { EngineTurns } from './engine-turns.ts';
import { Engine } from './engine.ts';
import { PacketSwitch } from './packet-switch.ts';
import { ownedByAnother } from './process-owner.ts';
import type { ProcessOwner } from './process-owner.ts';
import { RelayLink } from './relay-link.ts';
import { baseOf, freeSlice, isSlice, rangeSize, rangesOf, sliceSize } from './relay-range.ts';

export interface RelayHubParts {
  /** That of the node: the hub has a connection of its own to where it leads. */
  readonly engine: Engine;
  readonly env: RuntimeEnv;
  readonly owner: ProcessOwner;
  readonly architecture: string;
  /** What the engine calls itself, the same by each of its addresses. */
  readonly identity: string;
}

/** An engine of the hub. */
export interface RelayMember {
  readonly engine: Engine;
  readonly network: ClusterNetwork;
  readonly link: RelayLink;
  readonly clock: Clock;
  readonly keep: boolean;
  /** Settles when the first attempt to have a relay has ended. */
  readonly started: Promise<void>;
  /** What its engine goes by. */
  readonly names: readonly string[];
  /** How many nodes share it. */
  nodes: number;
}

/**
 * The middle of a cluster's relay: it gives each engine a slice of the cluster's range, and hands packets on between their relays. One for
 * all nodes of the cluster in this process.
 */
export class RelayHub {
  readonly #members = new Set<RelayMember>();
  /** The slices that engines have, or are about to have. */
  readonly #taken = new Set<number>();
  #range: { readonly cidr: string; readonly packets: PacketSwitch } | undefined;
  /** While the first engine tries which range is free on it. Never rejects. */
  #choosing: Promise<unknown> | undefined;
  /** Who joins and who leaves does so in turn: two nodes may share an engine. */
  readonly #turns = new EngineTurns();

  /** Rejects, with a reason in words, if the engine can have no relay. */
  async join(parts: RelayHubParts): Promise<RelayMember> {
    const member = await this.#turns.take(namesOf(parts), () => this.#admit(parts));
    try {
      await member.started;
    } catch (error) {
      // Pods that are in the network already need it: for them it is tried on.
      if (member.network.population > 0) return member;
      await this.leave(member);
      throw error;
    }
    return member;
  }

  /** The last node of an engine takes all of it along. */
  leave(member: RelayMember): Promise<void> {
    return this.#turns.take(member.names, async () => {
      if (--member.nodes > 0) return;
      this.#members.delete(member);
      await member.link.close();
      this.#free(member.network.slice);
      if (!member.keep) await member.network.remove(member.clock);
      member.engine.close();
    });
  }

  async #admit(parts: RelayHubParts): Promise<RelayMember> {
    const { env, architecture } = parts;
    const { clock, logger, clusterId } = env;
    const engine = await Engine.connect(parts.engine.address, clock);
    try {
      const found = await ClusterNetwork.find(engine, clusterId);
      const known = [...this.#members].find(({ network }) => network.id === found?.Id);
      if (known !== undefined) {
        known.nodes++;
        engine.close();
        return known;
      }
      const network = await this.#networkOn(engine, parts, found);
      const { packets } = this.#rangeOf(network.cidr);
      const its = sharedLabels(env, parts.owner, 'relay');
      const link = new RelayLink({ engine, clock, logger, architecture, network, labels: its, packets });
      packets.add(network.slice, link);
      const started = link.start();
      started.catch(() => undefined);
      const member = { engine, network, link, clock, keep: env.onHostDeath === 'keep', started, names: namesOf(parts), nodes: 1 };
      this.#members.add(member);
      return member;
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  /** Takes up the network that is there, or makes one. Its slice is taken then. */
  async #networkOn(engine: Engine, { env, owner }: RelayHubParts, found: FoundNetwork | undefined): Promise<ClusterNetwork> {
    const { clusterId } = env;
    const its = sharedLabels(env, owner, 'relay-network');
    if (found !== undefined) {
      if (ownedByAnother(found.Labels ?? {}, owner))
        throw new Error(`process ${found.Labels?.[labels.ownerPid]}, which lives, has the cluster's relay on this engine`);
      while (this.#choosing !== undefined) await this.#choosing;
      const cidr = found.IPAM?.Config?.[0]?.Subnet ?? '';
      const slice = Number(found.Labels?.[labels.relaySlice]);
      if (isSlice(slice) && !this.#taken.has(slice) && cidr === (this.#range?.cidr ?? cidr)) {
        this.#rangeOf(cidr);
        const network = new ClusterNetwork(engine, clusterId, its, cidr, slice);
        return this.#withSlice(slice, () => network.adopt(found, clusterId).then(() => network));
      }
      // Made by a process that had the cluster's range or slices otherwise.
      await engine.json('remove the network', { method: 'DELETE', path: `/networks/${found.Id}` });
    }
    // Nothing is awaited from here to where the slice and the choice are taken. If the one who chooses fails, the next one does.
    while (this.#choosing !== undefined) await this.#choosing;
    const slice = freeSlice(formatEngineAddress(engine.address), this.#taken);
    if (slice === undefined) throw new Error(`a relay has no more than ${this.#taken.size} engines`);
    return this.#withSlice(slice, () => this.#make(clusterId, (cidr) => new ClusterNetwork(engine, clusterId, its, cidr, slice)));
  }

  /** The slice is taken before anything is awaited, and free again if the work fails. */
  async #withSlice<T>(slice: number, work: () => Promise<T>): Promise<T> {
    this.#taken.add(slice);
    try {
      return await work();
    } catch (error) {
      this.#free(slice);
      throw error;
    }
  }

  #free(slice: number): void {
    this.#taken.delete(slice);
    this.#range?.packets.remove(slice);
    if (this.#taken.size === 0) this.#range = undefined;
  }

  #rangeOf(cidr: string): { readonly cidr: string; readonly packets: PacketSwitch } {
    return (this.#range ??= { cidr, packets: new PacketSwitch(baseOf(cidr), rangeSize, sliceSize) });
  }

  async #make(clusterId: string, networkFor: (cidr: string) => ClusterNetwork): Promise<ClusterNetwork> {
    if (this.#range !== undefined) return this.#makeIn([this.#range.cidr], networkFor);
    const making = this.#makeIn(rangesOf(clusterId), networkFor).then((network) => {
      this.#rangeOf(network.cidr);
      return network;
    });
    const end = (): void => void (this.#choosing = undefined);
    this.#choosing = making.then(end, end);
    return making;
  }

  async #makeIn(ranges: readonly string[], networkFor: (cidr: string) => ClusterNetwork): Promise<ClusterNetwork> {
    let last: unknown;
    for (const cidr of ranges) {
      const network = networkFor(cidr);
      try {
        await network.ensure();
        return network;
      } catch (error) {
        last = error;
        // Something else of the engine's is in that range.
        if (!hasStatus(error, 400, 403, 409, 500)) throw error;
      }
    }
    throw last;
  }
}

const namesOf = ({ engine, identity }: RelayHubParts): readonly string[] => [`address ${formatEngineAddress(engine.address)}`, identity];
