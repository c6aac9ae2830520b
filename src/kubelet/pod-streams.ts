import type { Duplex } from 'node:stream';
import type { ContainerStatus } from '../api/generated/models.ts';
import { BadRequestError, NotFoundError } from '../errors.ts';
import type { Archive, CallOptions, ExecOptions, ExecSession, LogChunk, LogOptions } from '../runtimes/runtime.ts';
import { archiveByExec, unpackByExec } from './copy-by-exec.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { PodContainer, StoredPod } from './pod-containers.ts';
import { podContainers, readySandbox } from './pod-containers.ts';
import type { KnownPod, SeenPod } from './pod-set.ts';

/** Which container of which pod; the only one, or the one the annotation names, unless named. */
export interface StreamTarget {
  readonly podUid: string;
  readonly container?: string;
}

/** What is remembered of a pod at rest. */
const nothing = { containers: undefined };

const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

/** Logs, exec, attach and port-forward: finds the container and hands over to the runtime, or says in Kubernetes' words why not. */
export class PodStreams {
  readonly #parts: KubeletParts;
  readonly #known: (podUid: string) => KnownPod | undefined;

  constructor(parts: KubeletParts, known: (podUid: string) => KnownPod | undefined) {
    this.#parts = parts;
    this.#known = known;
  }

  /** The output of a container; with `previous`, of the run before this one. Throws `BadRequestError` if there is none (yet). */
  logs(target: StreamTarget, options: LogOptions & { readonly previous?: boolean } = {}): AsyncIterable<LogChunk> {
    const { previous = false, ...rest } = options;
    const { pod, picture } = this.#find(target.podUid);
    if (picture !== undefined) return this.#parts.runtime.logs(logged(picture, target, previous), rest);
    containerOf({ pod, containers: podContainers(pod, [], nothing) }, target);
    return this.#logsAtRest(pod, target, previous, rest);
  }

  /** Runs a command in a running container. */
  async exec(target: StreamTarget, options: ExecOptions): Promise<ExecSession> {
    if (options.command.length === 0) throw new BadRequestError('you must specify at least one command for the container');
    return this.#exec(running(await this.#look(target.podUid), target), options);
  }

  async attach(target: StreamTarget, options: Omit<ExecOptions, 'command'>): Promise<ExecSession> {
    return closeOn(await this.#parts.runtime.attach(running(await this.#look(target.podUid), target), options), options.signal);
  }

  /** A file or folder of a running container as a tar archive. */
  async copyFrom(target: StreamTarget, path: string, options?: CallOptions): Promise<AsyncIterable<Uint8Array>> {
    const { runtime, clock } = this.#parts;
    const id = running(await this.#look(target.podUid), target);
    return runtime.copyFrom?.(id, path, options) ?? archiveByExec((command) => this.#exec(id, command), clock, path, options);
  }

  /** Unpacks a tar archive in a folder of a running container. */
  async copyTo(target: StreamTarget, folder: string, archive: Archive, options?: CallOptions): Promise<void> {
    const { runtime, clock } = this.#parts;
    const id = running(await this.#look(target.podUid), target);
    const byExec = (): Promise<void> => unpackByExec((command) => this.#exec(id, command), clock, folder, archive, options);
    await (runtime.copyTo?.(id, folder, archive, options) ?? byExec());
  }

  /** A connection to a port inside the pod. */
  async portForward(podUid: string, port: number, options?: CallOptions): Promise<Duplex> {
    const { pod, sandboxes } = await this.#look(podUid);
    const sandbox = readySandbox(pod, sandboxes);
    if (sandbox === undefined)
      throw new BadRequestError(`unable to forward port because pod is not running. Current status=${pod.status?.phase ?? 'Unknown'}`);
    return this.#parts.runtime.portForward(sandbox.id, port, options);
  }

  async #exec(containerId: string, options: ExecOptions): Promise<ExecSession> {
    return closeOn(await this.#parts.runtime.exec(containerId, options), options.signal);
  }

  async *#logsAtRest(
    pod: StoredPod,
    target: StreamTarget,
    previous: boolean,
    options: LogOptions,
  ): AsyncGenerator<LogChunk, void, undefined> {
    yield* this.#parts.runtime.logs(logged(await this.#ask(pod), target, previous), options);
  }

  #find(podUid: string): KnownPod {
    const known = this.#known(podUid);
    if (known === undefined) throw new NotFoundError(`pod with uid "${podUid}" is not on node "${this.#parts.nodeName}"`);
    return known;
  }

  async #look(podUid: string): Promise<SeenPod> {
    const { pod, picture } = this.#find(podUid);
    return picture ?? this.#ask(pod);
  }

  async #ask(pod: StoredPod): Promise<SeenPod> {
    const { calls, runtime, timeouts } = this.#parts;
    const sandboxes = await calls.run('free', 'inspectPod', timeouts.workMs, (options) => runtime.inspectPod(pod.metadata.uid, options));
    return { pod, sandboxes, containers: podContainers(pod, sandboxes, nothing) };
  }
}

/** The container that is meant. Throws `BadRequestError` if the pod has none of that name, or several and none is named. */
function containerOf({ pod, containers }: Omit<SeenPod, 'sandboxes'>, { container: name }: StreamTarget): PodContainer {
  const { init, main, ephemeral } = containers;
  const all = [...main, ...init, ...ephemeral];
  const { annotations, name: podName } = pod.metadata;
  const wanted = name ?? annotations?.[defaultContainerAnnotation];
  if (wanted === undefined && main.length > 1) {
    const choices = `[${all.map(({ spec }) => spec.name).join(' ')}]`;
    throw new BadRequestError(`a container name must be specified for pod ${podName}, choose one of: ${choices}`);
  }
  const container = wanted === undefined ? main[0] : all.find(({ spec }) => spec.name === wanted);
  if (container === undefined) throw new BadRequestError(`container ${wanted ?? ''} is not valid for pod ${podName}`);
  return container;
}

function running(seen: SeenPod, target: StreamTarget): string {
  const { current, spec } = containerOf(seen, target);
  if (current?.state.state !== 'running') throw new BadRequestError(`container not found ("${spec.name}")`);
  return current.id;
}

function logged(seen: SeenPod, target: StreamTarget, previous: boolean): string {
  const { current, previous: before, spec } = containerOf(seen, target);
  const { pod } = seen;
  const podName = pod.metadata.name;
  if (previous) {
    // While a restart is held back, the run that has ended is both the last and the previous one.
    const isHeldBack = current?.state.state === 'exited' && statusOf(pod, spec.name)?.state?.waiting !== undefined;
    const ended = isHeldBack ? current : before;
    if (ended === undefined) throw new BadRequestError(`previous terminated container "${spec.name}" in pod "${podName}" not found`);
    return ended.id;
  }
  if (current !== undefined && current.state.state !== 'created') return current.id;
  if (before !== undefined) return before.id;
  throw new BadRequestError(`container "${spec.name}" in pod "${podName}" is waiting to start: ${why(statusOf(pod, spec.name))}`);
}

function statusOf({ status }: StoredPod, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((each) => each.name === name);
}

function why(status: ContainerStatus | undefined): string {
  const reason = status?.state?.waiting?.reason ?? 'ContainerCreating';
  if (reason === 'ErrImagePull') return "image can't be pulled";
  return reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
}

/** The session ends when the caller's signal fires, whatever the runtime makes of it. */
function closeOn(session: ExecSession, signal: AbortSignal | undefined): ExecSession {
  if (signal === undefined) return session;
  const close = (): void => void session.close().catch(() => undefined);
  if (signal.aborted) close();
  else {
    signal.addEventListener('abort', close, { once: true });
    const off = (): void => signal.removeEventListener('abort', close);
    session.exitCode.then(off, off);
  }
  return session;
}
