import { ClosedError } from '../errors.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { backOffMsMax } from './back-off.ts';
import type { PodFacts } from './field-values.ts';
import type { KubeletParts } from './kubelet-parts.ts';
import type { OperatedPod } from './pod-operations.ts';
import { dnsOf, hostnameOf } from './pod-network-identity.ts';
import { PodVolumes } from './pod-volumes.ts';
import { runtimeHandlerOf } from './runtime-handler.ts';

/** A sandbox that could not be made is tried again after so long. */
const sandboxRepeatMs = 10_000;
/** Volumes that cannot be made: at first soon, since what is missing is often on its way. */
const mountRepeatMs = 500;
const mountRepeatMsMax = 122_000;

const hasVolumes = ({ pod }: OperatedPod): boolean => (pod.spec?.volumes?.length ?? 0) > 0;

/** Makes a pod's sandbox and volumes. undefined: it could not, and an Event says why. */
export async function makeSandbox(
  parts: KubeletParts,
  target: OperatedPod,
  attempt: number,
  previous: string | undefined,
): Promise<SandboxReport | undefined> {
  const { calls, runtime, timeouts, clock } = parts;
  const { pod, memory } = target;
  try {
    if (previous !== undefined) {
      parts.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
      await calls.run('work', 'stopSandbox', timeouts.workMs, (options) => runtime.stopSandbox(previous, options));
    }
    if (hasVolumes(target) && !(await canResolve(parts, target))) return undefined;
    const runtimeHandler = runtimeHandlerOf(parts, pod);
    const config = { pod, attempt, runtimeHandler, hostname: hostnameOf(pod, parts.names), dns: dnsOf(pod, parts.names) };
    const made = await calls.run('work', 'runSandbox', timeouts.workMs, (options) => runtime.runSandbox(config, options));
    for (const { reason, message } of made.notices) parts.event(pod, 'Warning', reason, message);
    memory.sandboxFailures = 0;
    await prepareVolumes(parts, target, made);
    return made;
  } catch (error) {
    if (error instanceof ClosedError || target.ending) return undefined;
    memory.sandboxFailures++;
    memory.sandboxRetryAtMs = clock.now() + sandboxRepeatMs;
    parts.event(pod, 'Warning', 'FailedCreatePodSandBox', `Failed to create pod sandbox: ${(error as Error).message}`);
    return undefined;
  }
}

/** Fills the volumes of a sandbox that is there. */
export async function prepareVolumes(parts: KubeletParts, target: OperatedPod, sandbox: SandboxReport): Promise<void> {
  const { pod, memory } = target;
  if (!hasVolumes(target)) {
    memory.volumesReady = true;
    return;
  }
  try {
    const volumes = (target.volumes ??= new PodVolumes(parts));
    const contents = await volumes.resolve(pod, factsOf(parts, sandbox.ips));
    await volumes.prepare(sandbox.id, contents);
    memory.volumesReady = true;
    memory.sandboxFailures = 0;
  } catch (error) {
    if (!(error instanceof ClosedError)) mountFailed(parts, target, error as Error);
  }
}

/** Whether everything the volumes refer to is there: without it the pod gets no sandbox. */
async function canResolve(parts: KubeletParts, target: OperatedPod): Promise<boolean> {
  try {
    await (target.volumes ??= new PodVolumes(parts)).resolve(target.pod, factsOf(parts, []));
    return true;
  } catch (error) {
    if (error instanceof ClosedError) throw error;
    mountFailed(parts, target, error as Error);
    return false;
  }
}

const factsOf = ({ hostIp, allocatable }: KubeletParts, podIps: readonly string[]): PodFacts => ({ podIps, hostIp, allocatable });

function mountFailed({ clock, event }: KubeletParts, { pod, memory }: OperatedPod, error: Error): void {
  const delayMs = Math.min(mountRepeatMs * 2 ** Math.min(memory.sandboxFailures, 10), mountRepeatMsMax, backOffMsMax);
  memory.sandboxFailures++;
  memory.sandboxRetryAtMs = clock.now() + delayMs;
  event(pod, 'Warning', 'FailedMount', error.message);
}
