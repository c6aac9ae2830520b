import { readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RuntimeError } from '../../errors.ts';
import { containerId } from '../container-id.ts';
import * as failure from '../runtime-failure.ts';
import type { ContainerConfig, ContainerState } from '../runtime.ts';
import { containerBody } from './container-spec.ts';
import type { ContainerParts, NetworkPlace } from './container-spec.ts';
import type { DockerContainer } from './docker-container.ts';
import { labels } from './docker-labels.ts';
import type { DockerNode } from './docker-node.ts';
import type { DockerPod } from './docker-pod.ts';
import type { DockerSandboxes } from './docker-sandboxes.ts';
import { killAgainMs, placeOf, podLabels } from './docker-sandboxes.ts';
import { hasStatus, isNotRunning, isUncertain } from './engine-answered.ts';
import { insist } from './insist.ts';
import { KernelLog, killedForMemory, machineUptimeMs } from './kernel-log.ts';
import { readLog } from './log-stream.ts';
import { resourceSpec } from './resource-spec.ts';
import { securitySpec } from './security-spec.ts';

type Exited = Extract<ContainerState, { readonly state: 'exited' }>;

const messageFileName = 'termination-log';
const messageBytesMax = 4096;
const logBytesMax = 2048;
const logLinesMax = 80;
const startTimeoutMs = 10_000;

/** Makes, starts, stops and removes containers of pods. */
export class DockerContainers {
  readonly #node: DockerNode;
  readonly #sandboxes: DockerSandboxes;
  readonly #kernelLog = new KernelLog();

  constructor(node: DockerNode, sandboxes: DockerSandboxes) {
    this.#node = node;
    this.#sandboxes = sandboxes;
  }

  async create(pod: DockerPod, config: ContainerConfig, signal: AbortSignal): Promise<string> {
    const id = containerId(pod.id, config.container.name, config.attempt);
    if (pod.containers.has(id)) return id;
    const refuse = (why: string): RuntimeError => notMade(config.container.name, pod, why);
    if (!pod.ready) throw refuse('its sandbox has stopped');
    const image = await this.#node.images.recent(config.image, signal);
    if (image === undefined) throw refuse(`image "${config.image}" is not there`);
    const parts = await this.#parts(pod, config, image.Config?.User ?? '', signal);
    try {
      const engineId = await this.#node.maker.make(parts.labels, containerBody(parts), signal);
      this.#node.book.addContainer(pod, engineId, image.Id, parts.labels);
    } catch (error) {
      if (hasStatus(error, 400, 404, 409)) throw refuse((error as Error).message);
      throw error;
    }
    return id;
  }

  async start(container: DockerContainer, pod: DockerPod, signal: AbortSignal): Promise<void> {
    if (!pod.ready) throw this.#startFailed(container, 'its sandbox has stopped');
    if (container.running) return;
    container.starting = true;
    try {
      await this.#run(container, pod, signal);
    } finally {
      container.starting = false;
    }
  }

  async #run(container: DockerContainer, pod: DockerPod, signal: AbortSignal): Promise<void> {
    const { engine, clock, starts, book, network } = this.#node;
    const request = { method: 'POST', path: `/containers/${container.engineId}/start` } as const;
    await starts.run(() =>
      insist(clock, signal, async (n) => {
        // The answer to the start before was lost: it may have gone well.
        if (n > 0 && ((await book.look(container, { signal })) === undefined || container.state.state !== 'created')) return;
        try {
          const call = (): Promise<unknown> => engine.json('start a container', request, { signal, timeoutMs: startTimeoutMs });
          const startIt = (): Promise<unknown> => insist(clock, signal, call, isAddressHeld);
          await startIt().catch(async (error: unknown) => {
            const again = hasStatus(error, 403) ? await this.#freeAddress(pod, signal) : await network.mend(error, signal);
            if (!again) throw error;
            await startIt();
          });
        } catch (error) {
          // The engine may know that the sandbox has ended, and list it as running.
          if (hasStatus(error, 409) && pod.sandboxEngineId !== undefined) book.doubt(pod.sandboxEngineId);
          if (await this.#isFinal(container, error, signal)) throw this.#startFailed(container, (error as Error).message, error);
          throw error;
        }
      }),
    );
    await insist(clock, signal, () => book.look(container, { signal }));
    if (container.state.state === 'created') throw this.#startFailed(container, 'the engine says that it has been started, and it has not');
  }

  /** Ends predecessors of a pod's container that somebody has started again, which have its address. False if there are none. */
  async #freeAddress(pod: DockerPod, signal: AbortSignal): Promise<boolean> {
    const { book, watch } = this.#node;
    await book.refresh(pod.podUid, { signal });
    const revived = [...pod.containers.values()].filter((container) => container.revived);
    for (const container of revived) {
      await watch.endAgain(container, signal);
      await watch.until(pod.podUid, async () => (await book.inspect(container.engineId, { signal }))?.State.Running !== true, signal);
    }
    return revived.length > 0;
  }

  /** True if the engine has tried and says why it could not: a repeat would only fail again. */
  async #isFinal(container: DockerContainer, error: unknown, signal: AbortSignal): Promise<boolean> {
    if (!isUncertain(error)) return true;
    if (!hasStatus(error, 500)) return false;
    // In the words of Podman, of which some versions do not note it with the container.
    if (/: OCI (?:runtime|permission)/.test((error as Error).message)) return true;
    const inspected = await this.#node.book.inspect(container.engineId, { signal }).catch(() => undefined);
    return (inspected?.State.Error ?? '') !== '';
  }

  #startFailed(container: DockerContainer, why: string, cause?: unknown): RuntimeError {
    return new RuntimeError(
      'RUNTIME_START_FAILED',
      `container "${container.name}" (image "${container.image}") cannot be started: ${why}`,
      { cause },
    );
  }

  /** Tells it to end, and kills it when its time is up; the earlier end counts if it is told twice. */
  async stop(container: DockerContainer, graceMs: number, signal: AbortSignal): Promise<void> {
    const { clock, watch, book } = this.#node;
    const killAtMs = clock.now() + graceMs;
    const isFirst = container.killAtMs === undefined;
    container.killAtMs = Math.min(container.killAtMs ?? Infinity, killAtMs);
    watch.wake(container.podUid);
    let isTold = !isFirst || graceMs <= 0;
    let killedAtMs = -Infinity;
    const over = async (): Promise<boolean> => {
      if (container.ended || book.pods.find(container.id) === undefined) return true;
      // Again, if somebody restarts it meanwhile.
      if (clock.now() >= (container.killAtMs ?? 0) && clock.now() - killedAtMs >= killAgainMs) {
        await this.#signal(container, 'SIGKILL', signal);
        killedAtMs = clock.now();
      } else if (!isTold) {
        const isDelivered = await this.#signal(container, container.stopSignal, signal);
        isTold = true;
        // Its end is told by an event; without one the next look sees it.
        if (isDelivered) return false;
      }
      await book.look(container, { signal });
      if (container.ended) return true;
      // Never started: there is nothing to wait for.
      return container.state.state === 'created';
    };
    await watch.until(container.podUid, over, signal, () => (killedAtMs > 0 ? Infinity : (container.killAtMs ?? Infinity)));
    watch.wake(container.podUid);
  }

  async remove(pod: DockerPod, container: DockerContainer, signal: AbortSignal): Promise<void> {
    await insist(this.#node.clock, signal, () => this.#node.book.look(container, { signal }));
    if (container.running) throw failure.stillRunning(container.id);
    container.removing = true;
    await this.#sandboxes.removeById(container.engineId, signal);
    pod.containers.delete(container.id);
    await rm(pod.containerFolder(container.name, container.attempt), { recursive: true, force: true });
  }

  /** All that belongs to its end: why it ended, and what it said about it. */
  async endOf(container: DockerContainer, pod: DockerPod, end: Exited): Promise<Exited> {
    const said = await this.#said(container, pod, end);
    return end.reason === 'Error' && (await this.#ranOutOfMemory(container, end)) ? { ...said, reason: 'OOMKilled' } : said;
  }

  /**
   * Engines hear of such a kill by an event of the control group, which they listen to only once the program has begun: what takes too
   * much at once is killed unheard. The kernel of the engine's machine has noted it all the same.
   */
  async #ranOutOfMemory({ engineId, hasMemoryLimit }: DockerContainer, end: Exited): Promise<boolean> {
    const { engine, clock } = this.#node;
    if (!hasMemoryLimit || engine.address.type !== 'socket') return false;
    const [kills, uptimeMs] = await Promise.all([this.#kernelLog.memoryKills(), machineUptimeMs()]);
    return kills !== undefined && killedForMemory(kills, { ...end, engineId }, uptimeMs === undefined ? undefined : clock.now() - uptimeMs);
  }

  /** Its message file or, if it failed and asks for it, the end of its log. */
  async #said(container: DockerContainer, pod: DockerPod, end: Exited): Promise<Exited> {
    if (end.message !== '') return end;
    const path = join(pod.containerFolder(container.name, container.attempt), messageFileName);
    const written = await readFile(path).catch(() => Buffer.alloc(0));
    if (written.length > 0) return { ...end, message: written.subarray(0, messageBytesMax).toString() };
    const wantsLog = container.labels[labels.messagePolicy] === 'FallbackToLogsOnError' && end.exitCode !== 0;
    return wantsLog ? { ...end, message: await this.#endOfLog(container).catch(() => '') } : end;
  }

  async #endOfLog(container: DockerContainer): Promise<string> {
    const parts: Buffer[] = [];
    for await (const { data } of readLog(this.#node.engine, this.#node.clock, container, { tailLines: logLinesMax }))
      parts.push(Buffer.from(data));
    const text = Buffer.concat(parts);
    return text.subarray(Math.max(0, text.length - logBytesMax)).toString();
  }

  /** False if it has gone, or does not run: the next look says which. */
  async #signal(container: DockerContainer, name: string, signal: AbortSignal): Promise<boolean> {
    const { engine, clock } = this.#node;
    const request = { method: 'POST', path: `/containers/${container.engineId}/kill`, query: { signal: name } } as const;
    return insist(clock, signal, async () => {
      try {
        await engine.json('send a signal', request, { signal });
        return true;
      } catch (error) {
        if (!isNotRunning(error)) throw error;
        return false;
      }
    });
  }

  async #parts(pod: DockerPod, config: ContainerConfig, imageUser: string, signal: AbortSignal): Promise<ContainerParts> {
    const { engine, options, sharesFiles } = this.#node;
    const { container } = config;
    const folder = pod.containerFolder(container.name, config.attempt);
    const mounts = await Promise.all(
      config.mounts.map(async (resolved) => ({ resolved, at: await pod.volumes.locate(resolved, join(folder, 'sub-paths'), signal) })),
    );
    return {
      plan: pod.plan,
      config,
      labels: {
        ...podLabels(this.#node, pod.plan, 'container'),
        [labels.container]: container.name,
        [labels.containerType]: config.type,
        [labels.attempt]: String(config.attempt),
        [labels.image]: config.image,
        [labels.ports]: JSON.stringify(container.ports ?? []),
        [labels.messagePolicy]: container.terminationMessagePolicy ?? 'File',
      },
      network: this.#place(pod, config),
      sandbox: pod.sandboxEngineId,
      mounts,
      messageFile: sharesFiles ? await messageFile(folder) : undefined,
      resources: resourceSpec(container, options.podPidsLimit, options.storageLimits),
      security: securitySpec(config.securityContext, container.name, imageUser, (name) =>
        readProfile(options.seccompFolder, name, engine.isPodman),
      ),
    };
  }

  #place(pod: DockerPod, { type, container: { name } }: ContainerConfig): NetworkPlace {
    if (pod.sandboxEngineId !== undefined) return { type: 'joined', container: pod.sandboxEngineId };
    // What came later joins the container that was there; what came for debugging has no network that anybody could join.
    const mayOwn = (other: DockerContainer): boolean => other.name !== name && other.labels[labels.containerType] !== 'ephemeral';
    const first = [...pod.containers.values()].find((other) => other.running && mayOwn(other));
    if (first !== undefined) return { type: 'joined', container: first.engineId };
    if (type !== 'ephemeral') return placeOf(this.#node, pod.plan);
    const why =
      "the pod has no sandbox, and the container that has its network does not run: it is tried again (or use `sandbox: 'always'`)";
    throw notMade(name, pod, why);
  }
}

/** Podman says that a container has ended, and gives its address free some moments later. */
const isAddressHeld = (error: unknown): boolean =>
  hasStatus(error, 500) && /address \S+ is already allocated/.test((error as Error).message);

const notMade = (container: string, { podName }: DockerPod, why: string): RuntimeError =>
  new RuntimeError('RUNTIME_CREATE_FAILED', `container "${container}" of pod "${podName}": ${why}`, { retryable: true });

async function messageFile(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, messageFileName);
  await writeFile(path, '', { flag: 'a' });
  await chmod(path, 0o666);
  return path;
}

/** @param byPath Podman reads the file itself. */
function readProfile(folder: string, name: string, byPath: boolean): string {
  const path = join(folder, name);
  try {
    const profile = readFileSync(path, 'utf8');
    return byPath ? path : profile;
  } catch (cause) {
    throw new RuntimeError('RUNTIME_CONFIG', `seccomp profile ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
