import type { Instant } from '../env/clock.ts';
import { parseId, sandboxId } from './container-id.ts';
import { unknownContainer, unknownSandbox } from './runtime-failure.ts';
import type { ContainerStatusReport, SandboxReport } from './runtime.ts';

/** What an adapter keeps of a container, at least. */
export interface BookedContainer {
  readonly id: string;
  report(): ContainerStatusReport;
}

/** A pod sandbox as the adapters that run real workloads keep it. */
export class Sandbox<C extends BookedContainer> {
  readonly podUid: string;
  readonly podName: string;
  readonly podNamespace: string;
  readonly attempt: number;
  readonly createdAtMs: Instant;
  ready = true;
  ips: readonly string[];
  readonly containers = new Map<string, C>();
  readonly notices: { readonly reason: string; readonly message: string }[] = [];

  constructor(
    pod: { readonly uid: string; readonly name: string; readonly namespace: string },
    attempt: number,
    createdAtMs: Instant,
    ips: readonly string[],
  ) {
    this.podUid = pod.uid;
    this.podName = pod.name;
    this.podNamespace = pod.namespace;
    this.attempt = attempt;
    this.createdAtMs = createdAtMs;
    this.ips = ips;
  }

  get id(): string {
    return sandboxId(this.podUid, this.attempt);
  }

  /** Adds a notice unless the same one is there; true if it is new. */
  notice(reason: string, message: string): boolean {
    if (this.notices.some((notice) => notice.reason === reason && notice.message === message)) return false;
    this.notices.push({ reason, message });
    return true;
  }

  report(): SandboxReport {
    const { id, podUid, podName, podNamespace, attempt, ready, createdAtMs, ips } = this;
    const containers = [...this.containers.values()].map((container) => container.report());
    return { id, podUid, podName, podNamespace, attempt, ready, createdAtMs, ips, containers, notices: [...this.notices] };
  }
}

/** The sandboxes of one node, and who wants to hear of their changes. */
export class SandboxBook<C extends BookedContainer, S extends Sandbox<C> = Sandbox<C>> {
  readonly #sandboxes = new Map<string, S>();
  readonly #listeners = new Set<(podUid: string) => void>();

  add(sandbox: S): void {
    this.#sandboxes.set(sandbox.id, sandbox);
  }

  remove(sandbox: S): void {
    this.#sandboxes.delete(sandbox.id);
  }

  get(id: string): S | undefined {
    return this.#sandboxes.get(id);
  }

  /** @throws RuntimeError `RUNTIME_NOT_FOUND`. */
  require(id: string): S {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) throw unknownSandbox(id);
    return sandbox;
  }

  all(): readonly S[] {
    return [...this.#sandboxes.values()];
  }

  /** One pod's sandboxes, newest attempt last. */
  ofPod(podUid: string): readonly S[] {
    return this.all()
      .filter((sandbox) => sandbox.podUid === podUid)
      .sort((a, b) => a.attempt - b.attempt);
  }

  find(containerId: string): { readonly sandbox: S; readonly container: C } | undefined {
    const { podUid, sandboxAttempt } = parseId(containerId);
    const sandbox = this.#sandboxes.get(sandboxId(podUid, sandboxAttempt));
    const container = sandbox?.containers.get(containerId);
    return sandbox === undefined || container === undefined ? undefined : { sandbox, container };
  }

  /** @throws RuntimeError `RUNTIME_NOT_FOUND`. */
  requireContainer(containerId: string): { readonly sandbox: S; readonly container: C } {
    const found = this.find(containerId);
    if (found === undefined) throw unknownContainer(containerId);
    return found;
  }

  onEvent(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(podUid: string): void {
    for (const listener of this.#listeners) listener(podUid);
  }

  /** Forgets everything and everybody. */
  clear(): void {
    this.#sandboxes.clear();
    this.#listeners.clear();
  }
}
