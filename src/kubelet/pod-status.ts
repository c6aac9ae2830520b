import type { PodStatus } from '../api/generated/models.ts';
import { formatTime } from '../api/time.ts';
import type { Instant } from '../env/clock.ts';
import { qosClassOf } from '../kinds/pod/quality-of-service.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { containerStatuses } from './container-statuses.ts';
import { endingCause, isTerminalPhase } from './pod-actions.ts';
import { podConditions } from './pod-conditions.ts';
import { isRunning, readySandbox } from './pod-containers.ts';
import type { PodContainers, StoredPod } from './pod-containers.ts';
import type { PodMemory, Verdict } from './pod-memory.ts';
import { podPhase } from './pod-phase.ts';

export interface StatusInput {
  readonly pod: StoredPod;
  readonly sandboxes: readonly SandboxReport[];
  readonly containers: PodContainers;
  readonly memory: Readonly<PodMemory>;
  readonly now: Instant;
  readonly runtimeName: string;
  readonly hostIp: string;
}

/** What `status.reason` and `status.message` say of the phase. */
type Explanation = Pick<PodStatus, 'reason' | 'message'>;

/**
 * The status of a pod as its kubelet sees it. What others have written into the status (conditions of theirs, the nominated
 * node) is kept. A terminal phase is never left.
 */
export function computeStatus(input: StatusInput): PodStatus {
  const { pod, containers, memory, now } = input;
  const { status = {}, spec } = pod;
  if (memory.verdict?.rejected === true) return rejectedStatus(input, memory.verdict);
  const cause = endingCause(pod, containers, memory);
  const alive = [...containers.init, ...containers.main, ...containers.ephemeral].some(isRunning);
  const over = cause !== undefined && !alive;
  const shared = { pod, memory, runtimeName: input.runtimeName, over };
  const main = containerStatuses(shared, sortedByName(containers.main), status.containerStatuses);
  const init = containerStatuses(shared, containers.init, status.initContainerStatuses);
  const ephemeral = containerStatuses(shared, containers.ephemeral, status.ephemeralContainerStatuses);
  const phase = phaseOf(input, podPhase({ pod, init, main, over }), over);
  const sandbox = readySandbox(pod, input.sandboxes);
  const text = formatTime(now);
  const conditions = podConditions({ pod, phase, init, main, sandboxReady: sandbox !== undefined, now: text });
  return {
    ...kept(status),
    conditions,
    ...(main.length === 0 ? undefined : { containerStatuses: main }),
    ...(init.length === 0 ? undefined : { initContainerStatuses: init }),
    ...(ephemeral.length === 0 ? undefined : { ephemeralContainerStatuses: ephemeral }),
    ...addresses(input, sandbox),
    ...explanation(input, phase),
    phase,
    qosClass: status.qosClass ?? (spec === undefined ? 'BestEffort' : qosClassOf(spec)),
    startTime: status.startTime ?? formatTime(memory.seenAtMs),
  };
}

function rejectedStatus({ pod, memory }: StatusInput, { reason, message }: Verdict): PodStatus {
  const { status = {} } = pod;
  return {
    ...status,
    phase: 'Failed',
    reason,
    message: `Pod was rejected: ${message}`,
    startTime: status.startTime ?? formatTime(memory.seenAtMs),
  };
}

/** A pod that is over has a terminal phase, even if it never ran; one that has a terminal phase keeps it. */
function phaseOf({ pod, memory }: StatusInput, computed: string, over: boolean): string {
  const old = pod.status?.phase;
  if (isTerminalPhase(old)) return old!;
  if (memory.verdict !== undefined) return 'Failed';
  return over && !isTerminalPhase(computed) ? 'Failed' : computed;
}

function explanation({ pod, memory }: StatusInput, phase: string): Explanation {
  if (memory.verdict !== undefined) return { reason: memory.verdict.reason, message: memory.verdict.message };
  if (phase !== pod.status?.phase) return {};
  const { reason, message } = pod.status;
  return { ...(reason === undefined ? undefined : { reason }), ...(message === undefined ? undefined : { message }) };
}

function addresses({ pod, hostIp }: StatusInput, sandbox: SandboxReport | undefined): PodStatus {
  const host =
    hostIp === ''
      ? undefined
      : {
          hostIP: hostIp,
          hostIPs: pod.status?.hostIP === hostIp && pod.status.hostIPs !== undefined ? pod.status.hostIPs : [{ ip: hostIp }],
        };
  const ips = sandbox === undefined || sandbox.ips.length === 0 ? ownAddress(pod, hostIp) : sandbox.ips;
  if (ips.length === 0) {
    // The address a finished pod had stays on record.
    const { podIP, podIPs } = pod.status ?? {};
    return { ...host, ...(podIP === undefined ? undefined : { podIP }), ...(podIPs === undefined ? undefined : { podIPs }) };
  }
  return {
    ...host,
    podIP: ips[0]!,
    podIPs:
      pod.status?.podIPs !== undefined && pod.status.podIPs.every(({ ip }, i) => ip === ips[i]) && pod.status.podIPs.length === ips.length
        ? pod.status.podIPs
        : ips.map((ip) => ({ ip })),
  };
}

const ownAddress = (pod: StoredPod, hostIp: string): readonly string[] => (pod.spec?.hostNetwork === true && hostIp !== '' ? [hostIp] : []);

/** What is not the kubelet's to compute. */
function kept({ nominatedNodeName, resize, resourceClaimStatuses, extendedResourceClaimStatus, observedGeneration }: PodStatus): PodStatus {
  return {
    ...(nominatedNodeName === undefined ? undefined : { nominatedNodeName }),
    ...(resize === undefined ? undefined : { resize }),
    ...(resourceClaimStatuses === undefined ? undefined : { resourceClaimStatuses }),
    ...(extendedResourceClaimStatus === undefined ? undefined : { extendedResourceClaimStatus }),
    ...(observedGeneration === undefined ? undefined : { observedGeneration }),
  };
}

function sortedByName(containers: PodContainers['main']): PodContainers['main'] {
  if (containers.length < 2) return containers;
  return [...containers].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}
