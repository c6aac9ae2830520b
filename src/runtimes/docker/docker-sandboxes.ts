import { rm } from 'node:fs/promises';
import { sandboxId } from '../container-id.ts';
import type { SandboxConfig } from '../runtime.ts';
import type { DockerContainer } from './docker-container.ts';
import type { DockerNode } from './docker-node.ts';
import { ownLabels, labels } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { DockerPod } from './docker-pod.ts';
import { hasStatus, isNotRunning } from './engine-answered.ts';
import { insist } from './insist.ts';
import { podPlan } from './pod-plan.ts';
import type { PodPlan } from './pod-plan.ts';
import { sandboxBody } from './container-spec.ts';
import type { NetworkPlace } from './container-spec.ts';
import { ensureSandboxImage } from './sandbox-image.ts';

/** What was killed and still runs is killed again after so long. */
export const killAgainMs = 2000;

/** The labels of everything that belongs to a pod. */
export function podLabels(node: DockerNode, plan: PodPlan, role: 'sandbox' | 'container'): Labels {
  return {
    ...ownLabels(node.env, node.owner, role),
    [labels.podUid]: plan.uid,
    [labels.podName]: plan.name,
    [labels.podNamespace]: plan.namespace,
    [labels.sandboxAttempt]: String(plan.attempt),
    [labels.plan]: JSON.stringify(plan),
  };
}

/** The network that a pod's first container is in. */
export const placeOf = (node: DockerNode, plan: PodPlan): NetworkPlace =>
  plan.hostNetwork ? { type: 'host' } : { type: 'pod', network: node.network.name };

/** Makes, stops and removes the sandboxes of a node's pods. */
export class DockerSandboxes {
  readonly #node: DockerNode;
  readonly #adopt: (plan: PodPlan) => DockerPod;
  readonly #making = new Map<string, Promise<DockerPod>>();

  /** @param adopt Makes a pod of its plan, and puts it into the book. */
  constructor(node: DockerNode, adopt: (plan: PodPlan) => DockerPod) {
    this.#node = node;
    this.#adopt = adopt;
  }

  /** The pod's sandbox; the same one for all who ask at the same time. */
  async ensure(config: SandboxConfig, signal: AbortSignal): Promise<DockerPod> {
    const id = sandboxId(config.pod.metadata.uid, config.attempt);
    const making = this.#making.get(id) ?? this.#make(id, config, signal).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  async #make(id: string, config: SandboxConfig, signal: AbortSignal): Promise<DockerPod> {
    const { book, network, clock, options, byAddress } = this.#node;
    const { pod } = config;
    const known = book.pods.get(id);
    if (known !== undefined && (!known.plan.sandboxed || known.sandboxEngineId !== undefined)) return known;
    const ip = pod.spec?.hostNetwork === true ? undefined : network.take(id, pod.metadata.name);
    const publishAt = this.#node.sharesFiles ? '127.0.0.1' : '';
    const input = {
      config,
      ip,
      createdAtMs: clock.now(),
      sandbox: this.#node.shared === undefined ? options.sandbox : ('always' as const),
      publishAll: !byAddress,
      publishAt,
    };
    const made = known ?? this.#adopt(podPlan(input));
    if (made.plan.sandboxed) {
      // Not ready, and told so, until its namespaces are there.
      made.ready = false;
      try {
        await this.#start(made, signal);
      } catch (error) {
        if (made.sandboxEngineId === undefined) this.#forget(made);
        throw error;
      }
    }
    return made;
  }

  async #start(pod: DockerPod, signal: AbortSignal): Promise<void> {
    const { engine, info, maker, book, clock, starts, options, shared, network } = this.#node;
    const image = options.sandboxImage ?? (await insist(clock, signal, () => ensureSandboxImage(engine, info.Architecture ?? '')));
    const itsLabels = podLabels(this.#node, pod.plan, 'sandbox');
    const engineId = await maker.make(itsLabels, sandboxBody(pod.plan, image, itsLabels, placeOf(this.#node, pod.plan)), signal);
    if (shared !== undefined && !pod.plan.hostNetwork) await insist(clock, signal, () => shared.join(engineId, pod.id, signal));
    const request = { method: 'POST', path: `/containers/${engineId}/start` } as const;
    const start = (): Promise<unknown> => engine.json('start a sandbox', request, { signal, timeoutMs: 8000 });
    await starts.run(() =>
      insist(clock, signal, () =>
        start().catch(async (error: unknown) => {
          if (!(await network.mend(error, signal))) throw error;
          await start();
        }),
      ),
    );
    const inspected = await insist(clock, signal, () => book.inspect(engineId, { signal }));
    if (inspected !== undefined) book.addSandbox(pod, inspected);
  }

  /** Kills what runs in it. Its address is free again. */
  async stop(pod: DockerPod, signal: AbortSignal): Promise<void> {
    pod.ready = false;
    const { book, network, shared } = this.#node;
    const living = [...pod.containers.values()].filter(({ ended }) => !ended);
    await Promise.all(living.map((container) => this.kill(container, signal)));
    if (pod.sandboxEngineId !== undefined) await this.#killById(pod.sandboxEngineId, signal);
    // A pod that has no sandbox and has ended is known to have: an end is final.
    if (living.length > 0 || pod.sandboxEngineId !== undefined) await book.refresh(pod.podUid, { signal });
    network.release(pod.id);
    shared?.release(pod.id);
    pod.ips = [];
  }

  /** Removes it with its containers and all that is the pod's alone. */
  async remove(pod: DockerPod, signal: AbortSignal): Promise<void> {
    pod.ready = false;
    await Promise.all(
      [...pod.containers.values()].map((container) => {
        container.removing = true;
        return this.removeById(container.engineId, signal);
      }),
    );
    const sandboxes = new Set([pod.sandboxEngineId, pod.unstartedSandbox]);
    for (const id of sandboxes) if (id !== undefined) await this.removeById(id, signal);
    await pod.volumes.remove(signal);
    await rm(pod.folder, { recursive: true, force: true });
    this.#forget(pod);
  }

  async kill(container: DockerContainer, signal: AbortSignal): Promise<void> {
    const { clock, watch } = this.#node;
    container.killAtMs = clock.now();
    let killedAtMs = -Infinity;
    await watch.until(
      container.podUid,
      async () => {
        // Again, if somebody restarts it meanwhile.
        if (clock.now() - killedAtMs >= killAgainMs) {
          await this.#killById(container.engineId, signal);
          killedAtMs = clock.now();
        }
        await this.#node.book.look(container, { signal });
        // What was made and never started has nothing to end.
        return !container.running || this.#node.book.pods.find(container.id) === undefined;
      },
      signal,
    );
  }

  async removeById(engineId: string, signal: AbortSignal): Promise<void> {
    const { engine, clock } = this.#node;
    const request = { method: 'DELETE', path: `/containers/${engineId}`, query: { force: true, v: true } } as const;
    await insist(clock, signal, async () => {
      try {
        await engine.json('remove a container', request, { signal, timeoutMs: 20_000 });
      } catch (error) {
        // Gone, or another call is removing it.
        if (!hasStatus(error, 404, 409)) throw error;
      }
    });
  }

  async #killById(engineId: string, signal: AbortSignal): Promise<void> {
    const { engine, clock } = this.#node;
    const request = { method: 'POST', path: `/containers/${engineId}/kill`, query: { signal: 'SIGKILL' } } as const;
    await insist(clock, signal, async () => {
      try {
        await engine.json('kill a container', request, { signal });
      } catch (error) {
        if (!isNotRunning(error)) throw error;
      }
    });
  }

  #forget(pod: DockerPod): void {
    this.#node.network.release(pod.id);
    this.#node.shared?.release(pod.id);
    this.#node.book.pods.remove(pod);
  }
}
