import type { Container, ContainerStatus, PodManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { Instant } from '../env/clock.ts';
import type { ContainerMemory, PodMemory } from './pod-memory.ts';
import type { ContainerStatusReport, SandboxReport } from '../runtimes/runtime.ts';

export type StoredPod = Stored<PodManifest>;
export type ContainerType = 'init' | 'sidecar' | 'container' | 'ephemeral';

/** A container of a pod: what is wanted, and what there is of it. */
export interface PodContainer {
  readonly type: ContainerType;
  readonly spec: Container;
  /** The newest attempt; of an init container or sidecar only if it is in the pod's newest sandbox. */
  readonly current: ContainerStatusReport | undefined;
  /** The newest attempt before `current` that has ended. */
  readonly previous: ContainerStatusReport | undefined;
  /** What the API knows of a container that ran once and of which the runtime knows nothing any more. */
  readonly lost: ContainerStatus | undefined;
  /** The restart count the next attempt gets. */
  readonly nextAttempt: number;
}

/** The containers of a pod by what they are, each list in the order of the spec. */
export interface PodContainers {
  /** Init containers and sidecars. */
  readonly init: readonly PodContainer[];
  readonly main: readonly PodContainer[];
  readonly ephemeral: readonly PodContainer[];
}

const none: readonly PodContainer[] = [];

/** Puts the pod's spec and what the runtime reports side by side. */
export function podContainers(pod: StoredPod, sandboxes: readonly SandboxReport[], memory: Pick<PodMemory, 'containers'>): PodContainers {
  const { spec, status } = pod;
  const all = (
    wanted: readonly Container[] | undefined,
    type: ContainerType,
    known: readonly ContainerStatus[] | undefined,
  ): readonly PodContainer[] => {
    if (wanted === undefined || wanted.length === 0) return none;
    const found: PodContainer[] = [];
    for (const each of wanted) {
      found.push(matched(each, type === 'init' && each.restartPolicy === 'Always' ? 'sidecar' : type, sandboxes, known, memory));
    }
    return found;
  };
  return {
    init: all(spec?.initContainers, 'init', status?.initContainerStatuses),
    main: all(spec?.containers, 'container', status?.containerStatuses),
    ephemeral: all(spec?.ephemeralContainers, 'ephemeral', status?.ephemeralContainerStatuses),
  };
}

function matched(
  spec: Container,
  type: ContainerType,
  sandboxes: readonly SandboxReport[],
  known: readonly ContainerStatus[] | undefined,
  memory: Pick<PodMemory, 'containers'>,
): PodContainer {
  const { name } = spec;
  let newest: ContainerStatusReport | undefined;
  let previous: ContainerStatusReport | undefined;
  for (const sandbox of sandboxes) {
    for (const report of sandbox.containers) {
      if (report.name !== name) continue;
      if (newest === undefined || report.attempt >= newest.attempt) {
        previous = endedLast(previous, newest);
        newest = report;
      } else previous = endedLast(previous, report);
    }
  }
  if (newest?.state.state === 'created' && memory.containers !== undefined) newest = orFailed(newest, memory.containers.get(name));
  const old = newest === undefined ? known?.find((each) => each.name === name) : undefined;
  const lost = old?.containerID === undefined && old?.lastState?.terminated === undefined ? undefined : old;
  const nextAttempt = newest !== undefined ? newest.attempt + 1 : lost !== undefined ? lost.restartCount + 1 : 0;
  const inOldSandbox =
    newest !== undefined && (type === 'init' || type === 'sidecar') && newest.sandboxId !== sandboxes[sandboxes.length - 1]?.id;
  if (inOldSandbox) return { type, spec, current: undefined, previous: endedLast(previous, newest), lost, nextAttempt };
  return { type, spec, current: newest, previous, lost, nextAttempt };
}

/** A container that could not be started counts as one that ended at once, as in containerd: 128, StartError. */
function orFailed(report: ContainerStatusReport, known: ContainerMemory | undefined): ContainerStatusReport {
  const failure = known?.startFailure;
  if (failure?.containerId !== report.id) return report;
  const { atMs, message } = failure;
  return {
    ...report,
    state: { state: 'exited', startedAtMs: 0, finishedAtMs: atMs, exitCode: 128, signal: undefined, reason: 'StartError', message },
  };
}

function endedLast(a: ContainerStatusReport | undefined, b: ContainerStatusReport | undefined): ContainerStatusReport | undefined {
  if (b?.state.state !== 'exited') return a;
  return a === undefined || b.attempt > a.attempt ? b : a;
}

export const isRunning = (container: PodContainer): boolean => container.current?.state.state === 'running';

export const anyRunning = ({ init, main, ephemeral }: PodContainers): boolean =>
  main.some(isRunning) || init.some(isRunning) || ephemeral.some(isRunning);

/** How a container's last run ended: undefined if it has not run, or runs. A lost one counts as killed unless the API knows better. */
export function endOf(container: PodContainer): { readonly exitCode: number; readonly atMs: Instant } | undefined {
  const state = container.current?.state;
  if (state?.state === 'exited') return { exitCode: state.exitCode, atMs: state.finishedAtMs };
  if (state !== undefined || container.lost === undefined) return undefined;
  const terminated = container.lost.state?.terminated;
  return { exitCode: terminated?.exitCode ?? 137, atMs: 0 };
}

/** True if a container that ended so is started again by the pod's restart policy. */
export function restarts(pod: StoredPod, type: ContainerType, exitCode: number): boolean {
  if (type === 'sidecar') return true;
  if (type === 'ephemeral') return false;
  switch (pod.spec?.restartPolicy ?? 'Always') {
    case 'Never':
      return false;
    case 'OnFailure':
      return exitCode !== 0;
    default:
      return type === 'container' || exitCode !== 0;
  }
}

/** The newest sandbox if containers can be started in it. */
export function readySandbox(pod: StoredPod, sandboxes: readonly SandboxReport[]): SandboxReport | undefined {
  const newest = sandboxes[sandboxes.length - 1];
  if (newest === undefined || !newest.ready) return undefined;
  return newest.ips.length > 0 || pod.spec?.hostNetwork === true ? newest : undefined;
}
