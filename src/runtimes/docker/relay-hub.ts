import type { Clock } from '../../env/clock.ts';
import type { RuntimeEnv } from '../runtime.ts';
import { ClusterNetwork } from './cluster-network.ts';
import type { FoundNetwork } from './cluster-network.ts';
import { labels, sharedLabels } from './docker-labels.ts';
import { hasStatus } from './engine-answered.ts';
import { formatEngineAddress } from './engine-address.ts';
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
  /** How many nodes share it. */
  nodes: number;
}

/**
 * The middle of a cluster's relay: it gives each engine a slice of the cluster's range, and hands packets on between their relays. One for
 * all nodes of the cluster in this process.
 */
export class RelayHub {
  readonly #members = new Set<RelayMember>();
  #range: { readonly cidr: string; readonly packets: PacketSwitch } | undefined;
  /** Who joins and who leaves does so in turn: two nodes may share an engine. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Rejects, with a reason in words, if the engine can have no relay. */
  async join(parts: RelayHubParts): Promise<RelayMember> {
    const member = await this.#inTurn(() => this.#admit(parts));
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
    return this.#inTurn(async () => {
      if (--member.nodes > 0) return;
      this.#members.delete(member);
      await member.link.close();
      this.#range?.packets.remove(member.network.slice);
      if (this.#members.size === 0) this.#range = undefined;
      if (!member.keep) await member.network.remove(member.clock);
      member.engine.close();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
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
      const packets = (this.#range ??= {
        cidr: network.cidr,
        packets: new PacketSwitch(baseOf(network.cidr), rangeSize, sliceSize),
      }).packets;
      const its = sharedLabels(env, parts.owner, 'relay');
      const link = new RelayLink({ engine, clock, logger, architecture, network, labels: its, packets });
      packets.add(network.slice, link);
      const started = link.start();
      started.catch(() => undefined);
      const member = { engine, network, link, clock, keep: env.onHostDeath === 'keep', started, nodes: 1 };
      this.#members.add(member);
      return member;
    } catch (error) {
      engine.close();
      throw error;
    }
  }

  /** Takes up the network that is there, or makes one. */
  async #networkOn(engine: Engine, { env, owner }: RelayHubParts, found: FoundNetwork | undefined): Promise<ClusterNetwork> {
    const { clusterId } = env;
    const its = sharedLabels(env, owner, 'relay-network');
    const taken = new Set([...this.#members].map(({ network }) => network.slice));
    if (found !== undefined) {
      if (ownedByAnother(found.Labels ?? {}, owner))
        throw new Error(`process ${found.Labels?.[labels.ownerPid]}, which lives, has the cluster's relay on this engine`);
      const cidr = found.IPAM?.Config?.[0]?.Subnet ?? '';
      const slice = Number(found.Labels?.[labels.relaySlice]);
      if (isSlice(slice) && !taken.has(slice) && cidr === (this.#range?.cidr ?? cidr)) {
        const network = new ClusterNetwork(engine, clusterId, its, cidr, slice);
        await network.adopt(found, clusterId);
        return network;
      }
      // Made by a process that had the cluster's range or slices otherwise.
      await engine.json('remove the network', { method: 'DELETE', path: `/networks/${found.Id}` });
    }
    const slice = freeSlice(formatEngineAddress(engine.address), taken);
    if (slice === undefined) throw new Error(`a relay has no more than ${taken.size} engines`);
    return this.#make(engine, clusterId, (cidr) => new ClusterNetwork(engine, clusterId, its, cidr, slice));
  }

  async #make(engine: Engine, clusterId: string, networkFor: (cidr: string) => ClusterNetwork): Promise<ClusterNetwork> {
    let last: unknown;
    for (const cidr of this.#range === undefined ? rangesOf(clusterId) : [this.#range.cidr]) {
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
