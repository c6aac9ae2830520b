import type { Instant } from '../env/clock.ts';
import type { BackOff } from './back-off.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import type { ProbeState } from './probe-state.ts';

/** Why a container does not run though it should; shown as its `waiting` state. */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

/** What the kubelet remembers of one container between two looks; nothing of it must survive the process. */
export interface ContainerMemory {
  waiting: WaitingReason | undefined;
  /** When the last attempt failed before or while it was started; counts like an exit. */
  failedAtMs: Instant | undefined;
  /** The attempt that was created and could not be started. */
  startFailure: { readonly containerId: string; readonly atMs: Instant; readonly message: string } | undefined;
  /** The next start may not be tried before. */
  retryAtMs: Instant;
  restarts: BackOff | undefined;
  pulls: BackOff | undefined;
}

/** How far a container's end has come. */
export interface Stopping {
  readonly sinceMs: Instant;
  /** The message of its Killing event. */
  readonly message: string;
  readonly preStop: 'none' | 'running' | 'done';
  /** When it will be killed at the latest; undefined until it was told to stop. */
  readonly killAtMs: Instant | undefined;
}

/** A probe's state by `<container id>/<kind>`. */
export type ProbeStates = Map<string, ProbeState>;

/** Why a pod that could run must not: it failed admission, or its deadline has passed. */
export interface Verdict {
  readonly reason: string;
  readonly message: string;
  /** It was never let in: there is nothing to say of its containers. */
  readonly rejected: boolean;
}

/** What the kubelet remembers of a pod. Maps are made when they are needed: most pods never need them. */
export interface PodMemory {
  /** `status.startTime`. */
  readonly seenAtMs: Instant;
  verdict: Verdict | undefined;
  /** The name of the container being started (image, create, start, postStart), one at a time. */
  starting: string | undefined;
  /** The sandbox is being made. */
  makingSandbox: boolean;
  /** The next try to make the sandbox or its volumes. */
  sandboxRetryAtMs: Instant;
  sandboxFailures: number;
  /** The volumes of the newest sandbox hold what they should. */
  volumesReady: boolean;
  containers: Map<string, ContainerMemory> | undefined;
  probes: ProbeStates | undefined;
  /** When the pod was first seen to be ending. */
  endingAtMs: Instant | undefined;
  stopping: Map<string, Stopping> | undefined;
  /** After a stop or removal that failed: nothing is stopped or removed before. */
  stopRetryAtMs: Instant;
  /** Ids of containers and sandboxes that are being stopped or removed at this moment. */
  busy: Set<string> | undefined;
  /** The pod's object is gone from the API. */
  gone: boolean;
  /** Sandboxes whose `stopSandbox` has succeeded. */
  stoppedSandboxes: Set<string> | undefined;
  /** What the runtime reported last, kept for the final status once everything has been removed. */
  lastReports: readonly SandboxReport[] | undefined;
}

export function newPodMemory(now: Instant): PodMemory {
  return {
    seenAtMs: now,
    verdict: undefined,
    starting: undefined,
    makingSandbox: false,
    sandboxRetryAtMs: 0,
    sandboxFailures: 0,
    volumesReady: false,
    containers: undefined,
    probes: undefined,
    endingAtMs: undefined,
    stopping: undefined,
    stopRetryAtMs: 0,
    busy: undefined,
    gone: false,
    stoppedSandboxes: undefined,
    lastReports: undefined,
  };
}

/** The memory of one container, made on first use. */
export function containerMemory(memory: PodMemory, name: string): ContainerMemory {
  const containers = (memory.containers ??= new Map());
  let known = containers.get(name);
  if (known === undefined) {
    known = { waiting: undefined, failedAtMs: undefined, startFailure: undefined, retryAtMs: 0, restarts: undefined, pulls: undefined };
    containers.set(name, known);
  }
  return known;
}
