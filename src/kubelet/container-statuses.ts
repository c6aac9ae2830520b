import type { ContainerState, ContainerStateTerminated, ContainerStatus, VolumeMount, VolumeMountStatus } from '../api/generated/models.ts';
import type { ContainerStatusReport } from '../runtimes/runtime.ts';
import { endOf, restarts } from './pod-containers.ts';
import type { PodContainer, StoredPod } from './pod-containers.ts';
import type { PodMemory } from './pod-memory.ts';
import { hasStarted, isReady } from './probe-state.ts';
import type { StatusPool } from './status-pool.ts';
import type { TimeTexts } from '../api/time-texts.ts';

/** What is being put together here and is nobody else's yet. */
export type Open<T> = { -readonly [K in keyof T]: T[K] };

/** What the statuses of a pod's containers are made from. */
export interface ContainerStatusInput {
  readonly pod: StoredPod;
  readonly memory: Readonly<PodMemory>;
  /** `simulated`: container ids are `simulated://<id>`. */
  readonly runtimeName: string;
  /** Every container has ended and none will start again. */
  readonly over: boolean;
  readonly times: TimeTexts;
  readonly pool: StatusPool;
}

/** A container's id as statuses tell it. Joined, it is one flat text and not a chain of its parts. */
export const containerIdText = (runtimeName: string, { id, engineId = id }: Pick<ContainerStatusReport, 'id' | 'engineId'>): string =>
  [runtimeName, '://', engineId].join('');

const none: readonly never[] = [];

const containerCreating: ContainerState = Object.freeze({ waiting: Object.freeze({ reason: 'ContainerCreating' }) });
const podInitializing: ContainerState = Object.freeze({ waiting: Object.freeze({ reason: 'PodInitializing' }) });

/**
 * The status of one container, in Kubernetes' words.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ContainerStatus
 */
export function containerStatus(input: ContainerStatusInput, container: PodContainer, old: ContainerStatus | undefined): ContainerStatus {
  const { memory, over, runtimeName } = input;
  const { spec, current, lost, type } = container;
  // While postStart runs the container does not count as running, nor, if that failed, while it is being stopped.
  const isStarting = memory.starting === spec.name || memory.containers?.get(spec.name)?.waiting !== undefined;
  const shown = isStarting && current?.state.state === 'running' ? undefined : current;
  const state = stateOf(input, container, shown, old);
  const lastState = lastStateOf(input, container, state, old);
  const started = shown !== undefined && hasStarted(container, memory.probes) && !over;
  const done = state.terminated?.exitCode === 0;
  const { name, resources, volumeMounts: mounts = none } = spec;
  const image = current?.image ?? old?.image ?? spec.image ?? '';
  const imageID = current?.imageId ?? (lost === undefined ? '' : lost.imageID);
  const ready = type === 'init' ? done : started && isReady(container, memory.probes);
  const attempts = restartCount(container, lost, old, over);
  if (current !== undefined && lastState === undefined && type !== 'ephemeral' && mounts.length === 0) {
    // As most are. Written out, an object has no room to spare: see the stamp of revisions.
    const containerID = containerIdText(runtimeName, current);
    if (resources === undefined) return { image, imageID, name, ready, restartCount: attempts, state, containerID, started };
    const { requests: allocatedResources } = resources;
    if (allocatedResources === undefined)
      return { image, imageID, name, ready, restartCount: attempts, state, containerID, started, resources };
    return { image, imageID, name, ready, restartCount: attempts, state, containerID, started, resources, allocatedResources };
  }
  const status: Open<ContainerStatus> = { image, imageID, name, ready, restartCount: attempts, state };
  if (current !== undefined) status.containerID = containerIdText(runtimeName, current);
  else if (lost?.containerID !== undefined && state.terminated !== undefined) status.containerID = lost.containerID;
  if (lastState !== undefined) status.lastState = lastState;
  if (type !== 'ephemeral') status.started = started;
  if (resources !== undefined) {
    status.resources = resources;
    if (resources.requests !== undefined) status.allocatedResources = resources.requests;
  }
  if (mounts.length > 0) status.volumeMounts = old?.volumeMounts ?? mounts.map(mountStatus);
  return status;
}

function restartCount(
  { current, nextAttempt }: PodContainer,
  lost: ContainerStatus | undefined,
  old: ContainerStatus | undefined,
  over: boolean,
): number {
  if (current !== undefined) return current.attempt;
  if (lost !== undefined) return over || lost.state?.running === undefined ? lost.restartCount : lost.restartCount + 1;
  return nextAttempt > 0 ? nextAttempt - 1 : (old?.restartCount ?? 0);
}

function stateOf(
  input: ContainerStatusInput,
  container: PodContainer,
  shown: ContainerStatusReport | undefined,
  old: ContainerStatus | undefined,
): ContainerState {
  const { pod, memory, over } = input;
  const { spec, type } = container;
  if (shown?.state.state === 'running') return running(input, input.times.of(shown.state.startedAtMs), old);
  const end = endOf(container);
  const finished = end !== undefined && (over || !restarts(pod, type, end.exitCode));
  const waiting = over || finished ? undefined : memory.containers?.get(spec.name)?.waiting;
  if (waiting !== undefined) return { waiting };
  if (shown?.state.state === 'exited') return terminated(shown, input);
  if (end !== undefined && finished) return old?.state?.terminated === undefined ? unlocated : { terminated: old.state.terminated };
  if (over && type === 'container' && (!isInitializing(pod) || pod.status?.containerStatuses?.some(hasRun) === true)) return unlocated;
  return isInitializing(pod) ? podInitializing : containerCreating;
}

/** The same object as before, if the run is the same. */
function running({ pool }: ContainerStatusInput, startedAt: string, old: ContainerStatus | undefined): ContainerState {
  if (old?.state?.running?.startedAt === startedAt) return old.state;
  return pool.running(startedAt);
}

const hasRun = ({ state, lastState }: ContainerStatus): boolean => state?.waiting === undefined || lastState?.terminated !== undefined;

/** A container that ran, and of which nothing is left by the time its pod is over. */
const unlocated: ContainerState = Object.freeze({
  terminated: Object.freeze({
    exitCode: 137,
    message: 'The container could not be located when the pod was terminated',
    reason: 'ContainerStatusUnknown',
  }),
});

const lostState: ContainerState = Object.freeze({
  terminated: Object.freeze({
    exitCode: 137,
    message: 'The container could not be located when the pod was deleted.  The container used to be Running',
    reason: 'ContainerStatusUnknown',
  }),
});

const isInitializing = (pod: StoredPod): boolean => (pod.spec?.initContainers?.length ?? 0) > 0;

function lastStateOf(
  input: ContainerStatusInput,
  container: PodContainer,
  state: ContainerState,
  old: ContainerStatus | undefined,
): ContainerState | undefined {
  const { current, previous, lost } = container;
  if (state.waiting !== undefined && current?.state.state === 'exited') return terminated(current, input);
  if (previous !== undefined) return terminated(previous, input);
  if (lost?.state?.running !== undefined && state.terminated === undefined) return lostState;
  if (lost?.state?.terminated !== undefined && state.terminated === undefined) return { terminated: lost.state.terminated };
  if (old?.lastState === undefined) return undefined;
  return current === undefined || old.restartCount === current.attempt ? old.lastState : undefined;
}

function terminated(report: ContainerStatusReport, { runtimeName, times }: ContainerStatusInput): ContainerState {
  const { state } = report;
  if (state.state !== 'exited') return containerCreating;
  const ended: Open<ContainerStateTerminated> = {
    containerID: containerIdText(runtimeName, report),
    exitCode: state.exitCode,
    finishedAt: times.of(state.finishedAtMs),
    reason: state.reason,
    startedAt: times.of(state.startedAtMs),
  };
  if (state.message !== '') ended.message = state.message;
  if (state.signal !== undefined) ended.signal = state.signal;
  return { terminated: ended };
}

function mountStatus(mount: VolumeMount): VolumeMountStatus {
  const { name, mountPath, readOnly } = mount;
  if (readOnly !== true) return { mountPath, name };
  return { mountPath, name, readOnly, recursiveReadOnly: 'Disabled' };
}

/** The statuses of several containers, old objects kept where nothing changed. */
export function containerStatuses(
  input: ContainerStatusInput,
  containers: readonly PodContainer[],
  known: readonly ContainerStatus[] | undefined,
): readonly ContainerStatus[] {
  return containers.map((each) =>
    containerStatus(
      input,
      each,
      known?.find(({ name }) => name === each.spec.name),
    ),
  );
}
