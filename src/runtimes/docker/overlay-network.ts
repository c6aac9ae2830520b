import { createHash } from 'node:crypto';
import { overlayLabels } from './docker-labels.ts';
import { hasStatus } from './engine-answered.ts';
import type { EngineInfo, InspectedContainer } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import type { SharedNetwork } from './shared-network.ts';

/** True if the engine is one of several that form a swarm: a worker always is. */
export function isOneOfSeveral({ Swarm }: EngineInfo): boolean {
  return Swarm?.LocalNodeState === 'active' && (Swarm.ControlAvailable !== true || (Swarm.Nodes ?? 0) > 1);
}

/** True if the engine may make and remove networks of its swarm. */
export const isManager = ({ Swarm }: EngineInfo): boolean => Swarm?.ControlAvailable === true;

/**
 * The network that the pods of all of a cluster's nodes share where their engines form a swarm: theirs is the pods' address. It belongs to
 * no node. A manager makes it, also later if somebody has removed it; workers get to know of it when a pod of theirs joins. From outside
 * pods are reached by the network of their node.
 * Source: https://docs.docker.com/engine/network/drivers/overlay/#attach-containers-to-an-overlay-network
 */
export class OverlayNetwork implements SharedNetwork {
  readonly name: string;
  readonly #engine: Engine;
  readonly #clusterId: string;
  /** The engine may make it. */
  readonly #managed: boolean;

  private constructor(engine: Engine, clusterId: string, managed: boolean) {
    this.#engine = engine;
    this.#managed = managed;
    this.#clusterId = clusterId;
    this.name = `coxswain-overlay-${createHash('sha256').update(clusterId).digest('hex').slice(0, 12)}`;
  }

  static async open(engine: Engine, clusterId: string, info: EngineInfo): Promise<OverlayNetwork> {
    const overlay = new OverlayNetwork(engine, clusterId, isManager(info));
    if (overlay.#managed) await overlay.#make();
    return overlay;
  }

  get condition(): SharedNetwork['condition'] {
    const message = `pods reach those of all nodes whose engines are in the same swarm, by the overlay network ${this.name}`;
    return { status: 'True', reason: 'Overlay', message };
  }

  /** Before the container starts; a repeat has no effect. */
  async join(engineId: string, _sandboxId: string, signal: AbortSignal): Promise<void> {
    // The engine would find out only when the container starts.
    if (this.#managed && !(await this.#isThere(signal))) await this.#make(signal);
    const request = { method: 'POST', path: `/networks/${this.name}/connect`, body: { Container: engineId } } as const;
    try {
      await this.#engine.json('join the overlay network', request, { signal });
    } catch (error) {
      if (!hasStatus(error, 403, 409, 500) || !/already (exists|attached)/.test((error as Error).message)) throw error;
    }
  }

  /** Not if a node that was closed found nobody in it and took it along, or somebody has removed it. */
  async #isThere(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#engine.json('look for the overlay network', { method: 'GET', path: `/networks/${this.name}` }, { signal });
      return true;
    } catch (error) {
      if (hasStatus(error, 404)) return false;
      throw error;
    }
  }

  async #make(signal?: AbortSignal): Promise<void> {
    const body = { Name: this.name, Driver: 'overlay', Attachable: true, CheckDuplicate: true, Labels: overlayLabels(this.#clusterId) };
    const call = { timeoutMs: 20_000, ...(signal === undefined ? {} : { signal }) };
    try {
      await this.#engine.json('create the overlay network', { method: 'POST', path: '/networks/create', body }, call);
    } catch (error) {
      // Another node's manager was quicker, or an earlier host kept it.
      if (!hasStatus(error, 403, 409)) throw error;
    }
  }

  /** A container's address in it; undefined until it has started. */
  addressOf(_sandboxId: string, { NetworkSettings }: InspectedContainer): string | undefined {
    const address = NetworkSettings?.Networks?.[this.name]?.IPAddress;
    return address === '' ? undefined : address;
  }

  /** The engine gives out the addresses. */
  release(): void {}
}
