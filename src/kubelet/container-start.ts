import { RuntimeError } from '../errors.ts';
import { defaultImagePullPolicy } from '../kinds/pod/image-pull-policy.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { afterFailedPull, afterRestart } from './back-off.ts';
import { containerConfig } from './container-config.ts';
import { imageCredentials } from './image-credentials.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import { endOf } from './pod-containers.ts';
import type { PodContainer, StoredPod } from './pod-containers.ts';
import { containerMemory } from './pod-memory.ts';
import type { PodMemory } from './pod-memory.ts';
import { withNumericPort } from './probe-state.ts';
import { startFailure } from './start-failure.ts';
import type { StartStep } from './start-failure.ts';

/** What a start is told and asks; the pod may change or end meanwhile. */
export interface StartTarget {
  readonly pod: StoredPod;
  readonly memory: PodMemory;
  /** Fires when the pod is to end: what takes long is given up. */
  readonly signal: AbortSignal;
  /** True once the pod is to end: nothing new is begun. */
  readonly ending: boolean;
}

/** How long after a failure that time does not heal the start is tried again, in milliseconds. */
const repeatMs = 10_000;

/**
 * Brings one container up: image, create, start, postStart. Never rejects: a failure becomes the container's waiting reason and
 * an Event. Returns the id of a container that was created, running or not.
 */
export async function startContainer(
  parts: KubeletParts,
  target: StartTarget,
  container: PodContainer,
  sandbox: SandboxReport,
): Promise<string | undefined> {
  const { clock, runtime, calls, timeouts } = parts;
  const { pod, memory } = target;
  const { spec } = container;
  let step: StartStep = 'pull';
  let id: string | undefined;
  try {
    await ensureImage(parts, target, container);
    if (target.ending) return undefined;
    step = 'create';
    const facts = { podIps: sandbox.ips, hostIp: parts.hostIp, allocatable: parts.allocatable };
    const config = containerConfig({ pod, container, services: () => parts.services(pod), source: parts.source, facts }, runtime.virtual);
    id = await calls.run('work', 'createContainer', timeouts.workMs, (options) => runtime.createContainer(sandbox.id, config, options));
    parts.event(pod, 'Normal', 'Created', `Created container: ${spec.name}`, named(container));
    noteRestart(parts, memory, container);
    if (target.ending) return id;
    step = 'start';
    const containerId = id;
    await calls.run('work', 'startContainer', timeouts.workMs, (options) => runtime.startContainer(containerId, options));
    parts.event(pod, 'Normal', 'Started', `Started container ${spec.name}`, named(container));
    step = 'postStart';
    await postStart(parts, target, container, sandbox, containerId);
    const known = memory.containers?.get(spec.name);
    if (known !== undefined) {
      known.waiting = undefined;
      known.failedAtMs = undefined;
      known.startFailure = undefined;
      known.retryAtMs = 0;
    }
  } catch (error) {
    if (!target.ending) noteFailure(parts, target, container, step, error, id);
    if (step === 'postStart' && id !== undefined && !target.ending) {
      const message = `FailedPostStartHook`;
      (memory.stopping ??= new Map()).set(id, { sinceMs: clock.now(), message, preStop: 'none', killAtMs: undefined });
      parts.event(pod, 'Normal', 'Killing', message, named(container));
    }
  }
  return id;
}

const named = (container: PodContainer): { readonly name: string; readonly type: PodContainer['type'] } => ({
  name: container.spec.name,
  type: container.type,
});

/** A container that ended before is being restarted: the next restart waits longer. */
function noteRestart({ clock }: KubeletParts, memory: PodMemory, container: PodContainer): void {
  const known = memory.containers?.get(container.spec.name);
  const endedAtMs = known?.failedAtMs ?? endOf(container)?.atMs;
  if (endedAtMs === undefined) return;
  const noted = containerMemory(memory, container.spec.name);
  noted.restarts = afterRestart(noted.restarts, endedAtMs, clock.now());
}

async function ensureImage(parts: KubeletParts, target: StartTarget, container: PodContainer): Promise<void> {
  const { runtime, calls, timeouts, clock } = parts;
  const { pod } = target;
  const image = container.spec.image ?? '';
  const policy = container.spec.imagePullPolicy ?? defaultImagePullPolicy(image);
  if (image === '' || /\s/.test(image)) {
    const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
    parts.event(pod, 'Warning', 'InspectFailed', message, named(container));
    throw new RuntimeError('RUNTIME_IMAGE_INVALID', message);
  }
  const present = (): ReturnType<typeof runtime.imageStatus> =>
    calls.run('work', 'imageStatus', timeouts.workMs, (options) => runtime.imageStatus(image, options));
  if (policy !== 'Always') {
    if ((await present()) !== undefined) {
      parts.event(pod, 'Normal', 'Pulled', `Container image "${image}" already present on machine`, named(container));
      return;
    }
    if (policy === 'Never') {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      parts.event(pod, 'Warning', 'ErrImageNeverPull', message, named(container));
      throw new RuntimeError('RUNTIME_IMAGE_NEVER_PULL', message);
    }
  }
  const credentials = imageCredentials(pod, parts.source);
  const askedAt = clock.now();
  let begunAt = askedAt;
  const pull = (): Promise<string> => {
    begunAt = clock.now();
    return calls.run('pull', 'pullImage', timeouts.pullMs, (options) => runtime.pullImage({ image, credentials }, options), target.signal);
  };
  parts.event(pod, 'Normal', 'Pulling', `Pulling image "${image}"`, named(container));
  await pull();
  const now = clock.now();
  const size = (await present())?.sizeBytes ?? 0;
  const text = `Successfully pulled image "${image}" in ${seconds(now - begunAt)} (${seconds(now - askedAt)} including waiting). Image size: ${size} bytes.`;
  parts.event(pod, 'Normal', 'Pulled', text, named(container));
  parts.imagesChanged();
}

const seconds = (ms: number): string => (ms < 1000 ? `${ms}ms` : `${ms / 1000}s`);

async function postStart(
  parts: KubeletParts,
  target: StartTarget,
  container: PodContainer,
  sandbox: SandboxReport,
  id: string,
): Promise<void> {
  const hook = container.spec.lifecycle?.postStart;
  if (hook === undefined) return;
  const { runtime, calls, timeouts } = parts;
  try {
    const handler = withNumericPort(hook, container.spec);
    if (typeof handler === 'string') throw new RuntimeError('RUNTIME_HOOK_FAILED', handler);
    await calls.run(
      'free',
      'postStart',
      timeouts.pullMs,
      (options) => runtime.runHook(id, sandbox.ips[0] ?? parts.hostIp, handler, options),
      target.signal,
    );
  } catch (error) {
    parts.event(target.pod, 'Warning', 'FailedPostStartHook', 'PostStartHook failed', named(container));
    throw error;
  }
}

function noteFailure(
  parts: KubeletParts,
  { pod, memory }: StartTarget,
  container: PodContainer,
  step: StartStep,
  error: unknown,
  id: string | undefined,
): void {
  const now = parts.clock.now();
  const { reason, message, repeat } = startFailure(step, error);
  const known = containerMemory(memory, container.spec.name);
  known.waiting = { reason, message };
  if (reason === 'ErrImagePull')
    parts.event(pod, 'Warning', 'Failed', `Failed to pull image "${container.spec.image ?? ''}": ${message}`, named(container));
  parts.event(pod, 'Warning', 'Failed', `Error: ${step === 'pull' ? reason : message}`, named(container));
  if (repeat === 'pull') {
    known.pulls = afterFailedPull(known.pulls, now);
    known.retryAtMs = now + known.pulls.delayMs;
  } else if (repeat === 'crash') known.failedAtMs = now;
  else known.retryAtMs = now + repeatMs;
  if (step === 'start' && id !== undefined) known.startFailure = { containerId: id, atMs: now, message };
}
