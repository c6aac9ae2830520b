import type { InspectedContainer } from './engine-answers.ts';
import { currentOwner } from './process-owner.ts';
import type { RelayHub, RelayHubParts, RelayMember } from './relay-hub.ts';
import type { SharedNetwork } from './shared-network.ts';

/** What a node has of its cluster's relay: its pods reach those of all nodes whose engines have one. */
export class RelayNetwork implements SharedNetwork {
  readonly #hub: RelayHub;
  readonly #member: RelayMember;

  private constructor(hub: RelayHub, member: RelayMember) {
    this.#hub = hub;
    this.#member = member;
  }

  /** Rejects, with a reason in words, if the engine can have none. */
  static async open(hub: RelayHub, parts: RelayHubParts): Promise<RelayNetwork> {
    return new RelayNetwork(hub, await hub.join(parts));
  }

  get name(): string {
    return this.#member.network.name;
  }

  get condition(): SharedNetwork['condition'] {
    const { link, network } = this.#member;
    const { pid, host } = currentOwner();
    const by = `the relay of process ${pid} on ${host}, in the network ${network.name} (${network.cidr})`;
    if (link.up) {
      const message = `pods reach those of all nodes of this process that have a relay, by ${by}; what nobody has there is refused`;
      return { status: 'True', reason: 'Relay', message };
    }
    const message = `pods reach by address only those of this engine: ${by} is down and is made again: ${link.reason}`;
    return { status: 'False', reason: 'RelayDown', message };
  }

  join(engineId: string, sandboxId: string, signal: AbortSignal): Promise<void> {
    return this.#member.network.join(engineId, sandboxId, signal);
  }

  addressOf(sandboxId: string, { NetworkSettings }: InspectedContainer): string | undefined {
    const address = NetworkSettings?.Networks?.[this.name]?.IPAddress ?? '';
    if (address === '') return undefined;
    this.#member.network.note(sandboxId, address);
    return address;
  }

  release(sandboxId: string): void {
    this.#member.network.release(sandboxId);
  }

  close(): Promise<void> {
    return this.#hub.leave(this.#member);
  }
}
