import type { Clock } from '../../env/clock.ts';
import type { CallOptions, ContainerState } from '../runtime.ts';
import { containerId, sandboxId } from '../container-id.ts';
import { SandboxBook } from '../sandbox-book.ts';
import { stateOf } from './container-state.ts';
import { DockerContainer } from './docker-container.ts';
import { labels, nodeFilter } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { DockerPod } from './docker-pod.ts';
import type { InspectedContainer, ListedContainer } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import { hasStatus } from './engine-answered.ts';
import type { PodPlan } from './pod-plan.ts';
import type { SharedNetwork } from './shared-network.ts';

/**
 * Who asks about a pod so soon after it was looked at is told what was seen: had anything happened since, an event would have told, and what
 * events have lost is found by the list of every few seconds.
 */
const momentMs = 1000;

type ExitedState = Extract<ContainerState, { readonly state: 'exited' }>;

export interface DockerBookParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly clusterId: string;
  readonly nodeName: string;
  readonly shared: SharedNetwork | undefined;
  /** Makes the pod that labels speak of: found on the engine, not made by this process. */
  readonly adopt: (plan: PodPlan) => DockerPod;
  /** Adds what a container said about its end. */
  readonly finish: (container: DockerContainer, pod: DockerPod, end: ExitedState) => Promise<ExitedState>;
}

/**
 * What runs on the engine, as last seen. The engine's list is asked whenever somebody wants to know, and what has changed is inspected.
 * An ended container stays ended (if somebody starts it again, that is noted for its killing), a running one only ends, so that most of a
 * list needs no second look. A list may be wrong for ever about one that ended while the engine could not write it down, so that what may
 * have ended is inspected all the same.
 */
export class DockerBook {
  readonly pods = new SandboxBook<DockerContainer, DockerPod>();
  readonly #parts: DockerBookParts;
  #observations = 0;

  constructor(parts: DockerBookParts) {
    this.#parts = parts;
  }

  /**
   * Looks at everything, or at one pod. What cannot be looked at holds up the news of no other pod: only at the end it rejects.
   *
   * @param tell Hears of each pod that has changed.
   */
  async refresh(podUid?: string, options?: CallOptions, tell: (podUid: string) => void = () => undefined): Promise<void> {
    const { engine } = this.#parts;
    const seen = ++this.#observations;
    const filters = nodeFilter(this.#parts, podUid === undefined ? {} : { [labels.podUid]: podUid });
    const request = { method: 'GET', path: '/containers/json', query: { all: true, filters } } as const;
    const listed = await engine.json<readonly ListedContainer[]>('list containers', request, options);
    for (const uid of new Set(this.#forget(podUid, new Set(listed.map(({ Id }) => Id)), seen))) tell(uid);
    const byPod = new Map<string, ListedContainer[]>();
    for (const found of listed) {
      const uid = found.Labels?.[labels.podUid] ?? '';
      byPod.set(uid, [...(byPod.get(uid) ?? []), found]);
    }
    await allEnded(
      [...byPod].map(async ([uid, ofPod]) => {
        let changed = false;
        const looks = ofPod.map(async (found) => void (changed = (await this.#see(found, seen, options)) || changed));
        await allEnded(looks).finally(() => (changed ? tell(uid) : undefined));
      }),
    );
  }

  /** Whether all there is of a pod was looked at a moment ago, and nothing has been heard of it since. */
  isKnown(podUid: string): boolean {
    const pods = this.pods.ofPod(podUid);
    const containers = pods.flatMap((pod) => [...pod.containers.values()]);
    const since = this.#parts.clock.now() - momentMs;
    const isRecent = ({ knownAtMs, doubtedAt, inspected }: DockerContainer): boolean => knownAtMs >= since && doubtedAt <= inspected;
    // Of a sandbox the list alone tells.
    if (pods.some(({ plan }) => plan.sandboxed) || !containers.some(isRecent)) return false;
    return containers.every((container) => container.ended || isRecent(container));
  }

  /** Something was heard of the pod. */
  heard(podUid: string): void {
    for (const pod of this.pods.ofPod(podUid)) for (const container of pod.containers.values()) container.knownAtMs = -Infinity;
  }

  /** Looks at one container. Its state afterwards; undefined if it is gone. */
  async look(container: DockerContainer, options?: CallOptions): Promise<InspectedContainer | undefined> {
    const seen = ++this.#observations;
    const inspected = await this.inspect(container.engineId, options);
    const pod = this.pods.get(container.sandboxId);
    if (inspected !== undefined && pod !== undefined) await this.#apply(container, pod, inspected, seen);
    else if (inspected === undefined) pod?.containers.delete(container.id);
    return inspected;
  }

  /** Undefined if there is no such container. */
  async inspect(engineId: string, options?: CallOptions): Promise<InspectedContainer | undefined> {
    const request = { method: 'GET', path: `/containers/${engineId}/json` } as const;
    try {
      return await this.#parts.engine.json<InspectedContainer>('inspect a container', request, options);
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** Has containers inspected at the next look, also those that the engine's list has as running: all, or one by its engine's id. */
  doubt(engineId?: string): void {
    const at = ++this.#observations;
    for (const pod of this.pods.all()) {
      if (engineId === undefined || pod.sandboxEngineId === engineId) pod.sandboxDoubtedAt = at;
      for (const container of pod.containers.values()) {
        if (engineId === undefined || container.engineId === engineId) container.doubtedAt = at;
      }
    }
  }

  /** A pod's container by the engine's id for it. */
  byEngineId(podUid: string, engineId: string): DockerContainer | undefined {
    for (const pod of this.pods.ofPod(podUid))
      for (const container of pod.containers.values()) if (container.engineId === engineId) return container;
    return undefined;
  }

  /** A container that was just made. */
  addContainer(pod: DockerPod, engineId: string, imageId: string, itsLabels: Labels): DockerContainer {
    const id = containerId(pod.id, itsLabels[labels.container] ?? '', Number(itsLabels[labels.attempt]));
    const known = pod.containers.get(id);
    if (known?.engineId === engineId) return known;
    const container = new DockerContainer(id, engineId, pod.id, imageId, itsLabels, ++this.#observations);
    pod.containers.set(id, container);
    return container;
  }

  /** The container that keeps a pod's namespaces was just made, or found. */
  addSandbox(pod: DockerPod, inspected: InspectedContainer): void {
    pod.sandboxEngineId = inspected.Id;
    pod.sandboxSeen = ++this.#observations;
    pod.ready = inspected.State.Running;
    const shared = this.#parts.shared?.addressOf(pod.id, inspected);
    if (shared !== undefined) pod.ips = [shared];
    this.#readPorts(pod, inspected);
  }

  async #see(found: ListedContainer, seen: number, options: CallOptions | undefined): Promise<boolean> {
    const itsLabels = found.Labels ?? {};
    const plan = planOf(itsLabels);
    if (plan === undefined) return false;
    const known = this.pods.get(sandboxId(plan.uid, plan.attempt));
    const pod = known ?? this.#parts.adopt(plan);
    if (itsLabels[labels.role] === 'sandbox') return this.#seeSandbox(pod, found, seen, options);
    const before = pod.containers.get(containerId(pod.id, itsLabels[labels.container] ?? '', Number(itsLabels[labels.attempt])));
    const container = before ?? this.addContainer(pod, found.Id, found.ImageID, itsLabels);
    if (container.engineId !== found.Id) return false;
    const isNew = before === undefined;
    container.there = Math.max(container.there, seen);
    const [was, is] = [container.state.state, found.State];
    if (was === 'exited' && is === 'running' && seen > container.inspected) {
      container.inspected = seen;
      container.revived = (await this.inspect(found.Id, options))?.State.Running === true;
    }
    const settled =
      was === 'exited' ||
      // Whoever starts it looks at it himself.
      container.starting ||
      (was === 'running' && is === 'running' && !container.paused && container.doubtedAt <= container.inspected) ||
      (was === 'created' && is === 'created' && !isNew);
    if (settled) return isNew;
    const inspected = await this.inspect(found.Id, options);
    if (inspected !== undefined) await this.#apply(container, pod, inspected, seen);
    return true;
  }

  async #seeSandbox(pod: DockerPod, found: ListedContainer, seen: number, options: CallOptions | undefined): Promise<boolean> {
    if (pod.sandboxEngineId !== undefined && pod.sandboxEngineId !== found.Id) return false;
    const listed = found.State === 'running' || found.State === 'paused';
    pod.sandboxSeen = Math.max(pod.sandboxSeen, seen);
    if (pod.sandboxEngineId === undefined) {
      // One that was made and not yet started belongs to whoever is starting it.
      if (found.State === 'created') {
        pod.unstartedSandbox = found.Id;
        return false;
      }
      const inspected = await this.inspect(found.Id, options);
      if (inspected === undefined) return false;
      this.addSandbox(pod, inspected);
      return true;
    }
    const changed = pod.ready && !(listed && (await this.#sandboxRuns(pod, found.Id, seen, options)));
    if (changed) pod.ready = false;
    return changed;
  }

  /** Looks closer if there is a doubt. */
  async #sandboxRuns(pod: DockerPod, engineId: string, seen: number, options: CallOptions | undefined): Promise<boolean> {
    if (pod.sandboxDoubtedAt <= pod.sandboxInspected) return true;
    const inspected = await this.inspect(engineId, options);
    pod.sandboxInspected = Math.max(pod.sandboxInspected, seen);
    return inspected?.State.Running === true;
  }

  async #apply(container: DockerContainer, pod: DockerPod, inspected: InspectedContainer, seen: number): Promise<void> {
    if (seen < container.inspected || container.ended) return;
    container.inspected = seen;
    container.knownAtMs = this.#parts.clock.now();
    container.there = Math.max(container.there, seen);
    container.paused = inspected.State.Paused === true;
    container.hasTerminal = inspected.Config.Tty === true;
    container.hasMemoryLimit = (inspected.HostConfig?.Memory ?? 0) > 0;
    container.stopSignal = inspected.Config.StopSignal ?? 'SIGTERM';
    const state = stateOf(inspected);
    if (!pod.plan.sandboxed && state.state === 'running') this.#readPorts(pod, inspected);
    // The end is told with all that belongs to it.
    const whole = state.state === 'exited' ? await this.#parts.finish(container, pod, state) : state;
    if (!container.ended) container.state = whole;
  }

  #readPorts(pod: DockerPod, inspected: InspectedContainer): void {
    const entries = Object.entries(inspected.NetworkSettings?.Ports ?? {});
    pod.published = Object.fromEntries(
      entries.flatMap(([key, bound]) => (bound?.[0] === undefined ? [] : [[key, Number(bound[0].HostPort)]])),
    );
  }

  /** What was there when the list was begun and is not on it has gone. */
  #forget(podUid: string | undefined, listed: ReadonlySet<string>, seen: number): readonly string[] {
    const changed: string[] = [];
    for (const pod of podUid === undefined ? this.pods.all() : this.pods.ofPod(podUid)) {
      for (const container of pod.containers.values()) {
        if (container.there >= seen || listed.has(container.engineId)) continue;
        pod.containers.delete(container.id);
        changed.push(pod.podUid);
      }
      if (pod.ready && pod.sandboxEngineId !== undefined && pod.sandboxSeen < seen && !listed.has(pod.sandboxEngineId)) {
        pod.ready = false;
        changed.push(pod.podUid);
      }
    }
    return changed;
  }
}

/** Waits for all of it, and rejects then as the first that did. */
async function allEnded(work: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(work);
  await Promise.all(work);
}

/** The plan in a container's label; undefined if it is not a container of a pod. */
function planOf(itsLabels: Labels): PodPlan | undefined {
  const text = itsLabels[labels.plan];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as PodPlan;
  } catch {
    return undefined;
  }
}
