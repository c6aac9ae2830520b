import type { PodPicture } from '../../src/kubelet/pod-actions.ts';
import { podContainers } from '../../src/kubelet/pod-containers.ts';
import { decide } from '../../src/kubelet/pod-decision.ts';
import { newPodMemory, type PodMemory } from '../../src/kubelet/pod-memory.ts';
import { computeStatus } from '../../src/kubelet/pod-status.ts';
import { StatusPool } from '../../src/kubelet/status-pool.ts';
import { TimeTexts } from '../../src/api/time-texts.ts';
import type { ContainerState, ContainerStatusReport, SandboxReport } from '../../src/runtimes/runtime.ts';
import type { PodBuilder } from '../../src/testing/pod-builder.ts';

/** 2030-01-01T00:00:00Z */
export const t0 = 1_893_456_000_000;

export const running = (startedAtMs = t0): ContainerState => ({ state: 'running', startedAtMs });
export const created: ContainerState = { state: 'created' };
export const exited = (exitCode = 0, finishedAtMs = t0): ContainerState => ({
  state: 'exited',
  startedAtMs: finishedAtMs - 1000,
  finishedAtMs,
  exitCode,
  signal: undefined,
  reason: exitCode === 0 ? 'Completed' : 'Error',
  message: '',
});

/** What the runtime has: `{ main: running() }`; several states of one name are attempts, oldest first. */
export type Has = Readonly<Record<string, ContainerState | readonly ContainerState[]>>;

export function sandbox(
  has: Has,
  { attempt = 0, ready = true }: { readonly attempt?: number; readonly ready?: boolean } = {},
): SandboxReport {
  const id = `s${attempt}`;
  const containers = Object.entries(has).flatMap(([name, states]) =>
    ([states].flat() as readonly ContainerState[]).map((state, i): ContainerStatusReport => ({
      id: `${id}/${name}/${i}`,
      sandboxId: id,
      name,
      attempt: i,
      image: `${name}:1`,
      imageId: `sha-${name}`,
      state,
    })),
  );
  return {
    id,
    podUid: 'u',
    podName: 'p',
    podNamespace: 'default',
    attempt,
    ready,
    createdAtMs: t0,
    ips: ready ? ['10.0.0.1'] : [],
    containers,
    notices: [],
  };
}

export interface Scene {
  readonly pod: PodBuilder;
  readonly sandboxes?: readonly SandboxReport[];
  readonly memory?: Partial<PodMemory>;
  /** Milliseconds after t0. */
  readonly at?: number;
  readonly draining?: boolean;
  readonly drainMs?: number;
}

export function pictureOf({ pod, sandboxes = [], memory = {}, at = 0, draining = false, drainMs = 0 }: Scene): PodPicture {
  const stored = pod.stored();
  const whole = { ...newPodMemory(t0), ...memory };
  return { pod: stored, sandboxes, containers: podContainers(stored, sandboxes, whole), memory: whole, now: t0 + at, draining, drainMs };
}

/** The decision in words: `start main#1`, `stop main 30000`, ... and when it wants to be asked again, in milliseconds after t0. */
export function told(scene: Scene): { readonly actions: readonly string[]; readonly wakeIn: number | undefined } {
  const { actions, wakeAt } = decide(pictureOf(scene));
  const words = actions.map((action): string => {
    switch (action.type) {
      case 'make-sandbox':
        return `make-sandbox#${action.attempt}`;
      case 'start-container':
        return `start ${action.container.spec.name}#${action.container.nextAttempt}`;
      case 'hold-back':
        return `hold-back ${action.container.spec.name} ${action.waiting.reason}`;
      case 'probe':
        return `probe ${action.container.spec.name} ${action.kind}`;
      case 'pre-stop':
        return `pre-stop ${action.container.spec.name} ${action.timeoutMs}`;
      case 'stop-container':
        return `stop ${action.container.spec.name} ${action.graceMs}`;
      case 'remove-container':
      case 'stop-sandbox':
      case 'remove-sandbox':
        return `${action.type} ${action.id}`;
      default:
        return action.type;
    }
  });
  return { actions: words, wakeIn: wakeAt === undefined ? undefined : wakeAt - t0 };
}

export function statusOf(scene: Scene): ReturnType<typeof computeStatus> {
  const { pod, sandboxes, containers, memory, now } = pictureOf(scene);
  return computeStatus({
    pod,
    sandboxes,
    containers,
    memory,
    now,
    runtimeName: 'test',
    hostIp: '192.168.0.1',
    times: new TimeTexts(),
    pool: new StatusPool(),
  });
}
