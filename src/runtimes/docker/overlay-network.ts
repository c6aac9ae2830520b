import { createHash } from 'node:crypto';
import type { RuntimeEnv } from '../runtime.ts';
import { ownLabels } from './docker-labels.ts';
import { hasStatus } from './engine-answered.ts';
import type { EngineInfo, InspectedContainer } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import type { ProcessOwner } from './process-owner.ts';

/** True if the engine is one of several that form a swarm: a worker always is. */
export function isOneOfSeveral({ Swarm }: EngineInfo): boolean {
  return Swarm?.LocalNodeState === 'active' && (Swarm.ControlAvailable !== true || (Swarm.Nodes ?? 0) > 1);
}

/**
 * The network that the pods of all of a cluster's nodes share where their engines form a swarm: theirs is the pods' address. A manager
 * makes it; workers get to know of it when a pod of theirs joins. From outside pods are reached by the network of their node.
 * Source: https://docs.docker.com/engine/network/drivers/overlay/#attach-containers-to-an-overlay-network
 */
export class OverlayNetwork {
  readonly name: string;
  readonly #engine: Engine;

  private constructor(engine: Engine, name: string) {
    this.#engine = engine;
    this.name = name;
  }

  static async open(engine: Engine, env: RuntimeEnv, owner: ProcessOwner, info: EngineInfo): Promise<OverlayNetwork> {
    const name = `coxswain-overlay-${createHash('sha256').update(env.clusterId).digest('hex').slice(0, 12)}`;
    if (info.Swarm?.ControlAvailable === true) {
      const Labels = ownLabels(env, owner, 'overlay');
      const body = { Name: name, Driver: 'overlay', Attachable: true, CheckDuplicate: true, Labels };
      try {
        await engine.json('create the overlay network', { method: 'POST', path: '/networks/create', body }, { timeoutMs: 20_000 });
      } catch (error) {
        // Another node's manager was quicker, or an earlier host kept it.
        if (!hasStatus(error, 403, 409)) throw error;
      }
    }
    return new OverlayNetwork(engine, name);
  }

  /** Before the container starts; a repeat has no effect. */
  async join(engineId: string, signal: AbortSignal): Promise<void> {
    const request = { method: 'POST', path: `/networks/${this.name}/connect`, body: { Container: engineId } } as const;
    try {
      await this.#engine.json('join the overlay network', request, { signal });
    } catch (error) {
      if (!hasStatus(error, 403, 409, 500) || !/already (exists|attached)/.test((error as Error).message)) throw error;
    }
  }

  /** A container's address in it; undefined until it has started. */
  addressOf({ NetworkSettings }: InspectedContainer): string | undefined {
    const address = NetworkSettings?.Networks?.[this.name]?.IPAddress;
    return address === '' ? undefined : address;
  }
}
