import type { Duplex } from 'node:stream';
import type { ContainerStatus } from '../api/generated/models.ts';
import { BadRequestError, NotFoundError } from '../errors.ts';
import type { CallOptions, ExecOptions, ExecSession, LogChunk, LogOptions } from '../runtimes/runtime.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { PodContainer } from './pod-containers.ts';
import { readySandbox } from './pod-containers.ts';
import type { PodWorker } from './pod-worker.ts';

/** Which container of which pod; the only one, or the one the annotation names, unless named. */
export interface StreamTarget {
  readonly podUid: string;
  readonly container?: string;
}

const defaultContainerAnnotation = 'kubectl.kubernetes.io/default-container';

/** Logs, exec, attach and port-forward: finds the container and hands over to the runtime, or says in Kubernetes' words why not. */
export class PodStreams {
  readonly #parts: KubeletParts;
  readonly #worker: (podUid: string) => PodWorker | undefined;

  constructor(parts: KubeletParts, worker: (podUid: string) => PodWorker | undefined) {
    this.#parts = parts;
    this.#worker = worker;
  }

  /** The output of a container; with `previous`, of the run before this one. Throws `BadRequestError` if there is none (yet). */
  logs(target: StreamTarget, options: LogOptions & { readonly previous?: boolean } = {}): AsyncIterable<LogChunk> {
    const { previous = false, ...rest } = options;
    return this.#parts.runtime.logs(this.#logged(target, previous), rest);
  }

  /** Runs a command in a running container. */
  async exec(target: StreamTarget, options: ExecOptions): Promise<ExecSession> {
    return this.#parts.runtime.exec(this.#running(target), options);
  }

  async attach(target: StreamTarget, options: Omit<ExecOptions, 'command'>): Promise<ExecSession> {
    return this.#parts.runtime.attach(this.#running(target), options);
  }

  /** A connection to a port inside the pod. */
  async portForward(podUid: string, port: number, options?: CallOptions): Promise<Duplex> {
    const worker = this.#find(podUid);
    const sandbox = readySandbox(worker.pod, worker.sandboxes);
    if (sandbox === undefined)
      throw new BadRequestError(
        `unable to forward port because pod is not running. Current status=${worker.pod.status?.phase ?? 'Unknown'}`,
      );
    return this.#parts.runtime.portForward(sandbox.id, port, options);
  }

  #find(podUid: string): PodWorker {
    const worker = this.#worker(podUid);
    if (worker === undefined) throw new NotFoundError(`pod with uid "${podUid}" is not on node "${this.#parts.nodeName}"`);
    return worker;
  }

  #container({ podUid, container: name }: StreamTarget): { readonly worker: PodWorker; readonly container: PodContainer } {
    const worker = this.#find(podUid);
    const { init, main, ephemeral } = worker.containers;
    const all = [...main, ...init, ...ephemeral];
    const { annotations, name: podName } = worker.pod.metadata;
    const wanted = name ?? annotations?.[defaultContainerAnnotation];
    if (wanted === undefined && main.length > 1) {
      const choices = `[${all.map(({ spec }) => spec.name).join(' ')}]`;
      throw new BadRequestError(`a container name must be specified for pod ${podName}, choose one of: ${choices}`);
    }
    const container = wanted === undefined ? main[0] : all.find(({ spec }) => spec.name === wanted);
    if (container === undefined) throw new BadRequestError(`container ${wanted ?? ''} is not valid for pod ${podName}`);
    return { worker, container };
  }

  #running(target: StreamTarget): string {
    const { current, spec } = this.#container(target).container;
    if (current?.state.state !== 'running') throw new BadRequestError(`container not found ("${spec.name}")`);
    return current.id;
  }

  #logged(target: StreamTarget, previous: boolean): string {
    const { worker, container } = this.#container(target);
    const { current, previous: before, spec } = container;
    const podName = worker.pod.metadata.name;
    if (previous) {
      // While a restart is held back, the run that has ended is both the last and the previous one.
      const isHeldBack = current?.state.state === 'exited' && statusOf(worker, spec.name)?.state?.waiting !== undefined;
      const ended = isHeldBack ? current : before;
      if (ended === undefined) throw new BadRequestError(`previous terminated container "${spec.name}" in pod "${podName}" not found`);
      return ended.id;
    }
    if (current !== undefined && current.state.state !== 'created') return current.id;
    if (before !== undefined) return before.id;
    throw new BadRequestError(`container "${spec.name}" in pod "${podName}" is waiting to start: ${why(statusOf(worker, spec.name))}`);
  }
}

function statusOf({ pod }: PodWorker, name: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find((each) => each.name === name);
}

function why(status: ContainerStatus | undefined): string {
  const reason = status?.state?.waiting?.reason ?? 'ContainerCreating';
  if (reason === 'ErrImagePull') return "image can't be pulled";
  return reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason;
}
