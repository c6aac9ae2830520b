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
  /** Another one once it had to make room, as is `link`. */
  network: ClusterNetwork;
  link: RelayLink;
  readonly parts: RelayHubParts;
  readonly clock: Clock;
  readonly keep: boolean;
  /** Settles when the first attempt to have a relay has ended. */
  started: Promise<void>;
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
  readonly #taken = new Map<number, Promise<RelayMember>>();
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
    return this.#turns.take(namesOf(member.parts), async () => {
      if (--member.nodes > 0) return;
      this.#members.delete(member);
      await member.link.close();
      this.#free(member.network.slice);
      if (!member.keep) await member.network.remove(member.clock);
      member.engine.close();
    });
  }

  async #admit(parts: RelayHubParts): Promise<RelayMember> {
    const { clock, clusterId } = parts.env;
    const engine = await Engine.connect(parts.engine.address, clock);
    try {
      const found = await ClusterNetwork.find(engine, clusterId);
      const address = formatEngineAddress(engine.address);
      const known = [...this.#members].find((its) => its.network.id === found?.Id || formatEngineAddress(its.engine.address) === address);
      if (known === undefined) return await this.#memberOn(engine, parts, found);
      known.nodes++;
      engine.close();
      return known;
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  /** Takes up the network that is there, or makes one. */
  async #memberOn(engine: Engine, parts: RelayHubParts, found: FoundNetwork | undefined): Promise<RelayMember> {
    const { clusterId } = parts.env;
    if (found !== undefined) {
      const { Labels, IPAM } = found;
      if (ownedByAnother(Labels ?? {}, parts.owner))
        throw new Error(`process ${Labels?.[labels.ownerPid]}, which lives, has the cluster's relay on this engine`);
      const cidr = IPAM?.Config?.[0]?.Subnet ?? '';
      const slice = Number(Labels?.[labels.relaySlice]);
      const fits = (): boolean => isSlice(slice) && cidr === (this.#range?.cidr ?? cidr);
      let room = true;
      while (room && fits() && (this.#choosing !== undefined || this.#taken.has(slice))) {
        if (this.#choosing !== undefined) await this.#choosing;
        else room = await this.#makeRoom(slice);
      }
      if (room && fits()) {
        this.#rangeOf(cidr);
        const network = networkOf(engine, parts, cidr, slice);
        return this.#withSlice(slice, async () => {
          await network.adopt(found, clusterId);
          return this.#memberIn(engine, parts, network);
        });
      }
      // Made by a process that had the cluster's range or slices otherwise.
      await removeUnused(engine, found, `${this.#range?.cidr}`);
    }
    // Nothing is awaited from here to where the slice and the choice are taken. If the one who chooses fails, the next one does.
    while (this.#choosing !== undefined) await this.#choosing;
    const slice = this.#freeSlice(engine);
    return this.#withSlice(slice, async () =>
      this.#memberIn(engine, parts, await this.#make(clusterId, (cidr) => networkOf(engine, parts, cidr, slice))),
    );
  }

  #memberIn(engine: Engine, parts: RelayHubParts, network: ClusterNetwork): RelayMember {
    const { clock, onHostDeath } = parts.env;
    const { link, started } = this.#linkIn(engine, parts, network);
    const member = { engine, network, link, parts, clock, keep: onHostDeath === 'keep', started, nodes: 1 };
    this.#members.add(member);
    return member;
  }

  #linkIn(engine: Engine, { env, owner, architecture }: RelayHubParts, network: ClusterNetwork): Pick<RelayMember, 'link' | 'started'> {
    const { clock, logger } = env;
    const { packets } = this.#rangeOf(network.cidr);
    const link = new RelayLink({ engine, clock, logger, architecture, network, labels: sharedLabels(env, owner, 'relay'), packets });
    packets.add(network.slice, link);
    const started = link.start();
    started.catch(() => undefined);
    return { link, started };
  }

  /** An engine whose slice one that is taken up has gets another, while no pod of its own is there. False if it has to stay. */
  async #makeRoom(slice: number): Promise<boolean> {
    const holding = this.#taken.get(slice);
    const holder = await holding?.catch(() => undefined);
    // A relay that is closed before it is up says neither that it is nor that it is not.
    await holder?.started.catch(() => undefined);
    if (holder === undefined || this.#taken.get(slice) !== holding) return true;
    if (!this.#members.has(holder) || holder.network.population > 0) return false;
    this.#move(holder);
    return true;
  }

  /** Gives a member another slice. Who joins its network waits until that has been made anew. */
  #move(member: RelayMember): void {
    const { engine, network: old, link: oldLink, parts, clock } = member;
    const slice = this.#freeSlice(engine);
    const network = networkOf(engine, parts, old.cidr, slice);
    network.replace(async () => {
      await oldLink.close();
      await old.remove(clock);
    });
    this.#taken.set(slice, Promise.resolve(member));
    Object.assign(member, { network, ...this.#linkIn(engine, parts, network) });
    this.#free(old.slice);
  }

  #freeSlice(engine: Engine): number {
    const slice = freeSlice(formatEngineAddress(engine.address), this.#taken);
    if (slice === undefined) throw new Error(`a relay has no more than ${this.#taken.size} engines`);
    return slice;
  }

  /** The slice is taken before anything is awaited, and free again if the work fails. */
  async #withSlice(slice: number, work: () => Promise<RelayMember>): Promise<RelayMember> {
    const working = work();
    this.#taken.set(slice, working);
    try {
      return await working;
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

const networkOf = (engine: Engine, { env, owner }: RelayHubParts, cidr: string, slice: number): ClusterNetwork =>
  new ClusterNetwork(engine, env.clusterId, sharedLabels(env, owner, 'relay-network'), cidr, slice);

/** @throws Error with the reason in words where pods are in it: their addresses stay theirs. */
async function removeUnused(engine: Engine, { Id, Name, Labels, IPAM }: FoundNetwork, range: string): Promise<void> {
  try {
    await engine.json('remove the network', { method: 'DELETE', path: `/networks/${Id}` });
  } catch (error) {
    if (!hasStatus(error, 403, 409)) throw error;
    const its = `slice ${Labels?.[labels.relaySlice]} of ${IPAM?.Config?.[0]?.Subnet}`;
    throw new Error(
      `pods on this engine have addresses in the network ${Name} with ${its}, while the cluster's relay has ${range} and gave that slice to another engine: end them, or the pods of that one, and open the node again`,
      { cause: error },
    );
  }
}
