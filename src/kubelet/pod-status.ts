import type { PodStatus } from '../api/generated/models.ts';
import type { Instant } from '../env/clock.ts';
import { qosClassOf } from '../kinds/pod/quality-of-service.ts';
import type { SandboxReport } from '../runtimes/runtime.ts';
import { containerStatuses } from './container-statuses.ts';
import type { Open } from './container-statuses.ts';
import { endingCause, isTerminalPhase } from './pod-actions.ts';
import { podConditions } from './pod-conditions.ts';
import { anyRunning, readySandbox } from './pod-containers.ts';
import type { PodContainers, StoredPod } from './pod-containers.ts';
import type { PodMemory, Verdict } from './pod-memory.ts';
import { podPhase } from './pod-phase.ts';
import type { StatusPool } from './status-pool.ts';
import type { TimeTexts } from '../api/time-texts.ts';

export interface StatusInput {
  readonly pod: StoredPod;
  readonly sandboxes: readonly SandboxReport[];
  readonly containers: PodContainers;
  readonly memory: Readonly<PodMemory>;
  readonly now: Instant;
  readonly runtimeName: string;
  readonly hostIp: string;
  readonly times: TimeTexts;
  readonly pool: StatusPool;
}

const none: readonly never[] = [];

/**
 * The status of a pod as its kubelet sees it. What others have written into the status (conditions of theirs, the nominated
 * node) is kept. A terminal phase is never left.
 */
export function computeStatus(input: StatusInput): PodStatus {
  const { pod, memory, now, times, pool } = input;
  const { status = {}, spec } = pod;
  if (memory.verdict?.rejected === true) return rejectedStatus(input, memory.verdict);
  const over = endingCause(pod, input.containers, memory) !== undefined && !anyRunning(input.containers);
  const shared = { pod, memory, runtimeName: input.runtimeName, over, times, pool };
  const main = containerStatuses(shared, sortedByName(input.containers.main), status.containerStatuses);
  const init = containerStatuses(shared, input.containers.init, status.initContainerStatuses);
  const ephemeral = containerStatuses(shared, input.containers.ephemeral, status.ephemeralContainerStatuses);
  const phase = phaseOf(input, podPhase({ pod, init, main, over }), over);
  const sandbox = readySandbox(pod, input.sandboxes);
  const conditions = podConditions({
    pod,
    phase,
    init,
    main,
    sandboxReady: sandbox !== undefined,
    notices: sandbox?.notices ?? none,
    now: times.of(now),
    pool,
  });
  const qosClass = status.qosClass ?? (spec === undefined ? 'BestEffort' : qosClassOf(spec));
  const startTime = status.startTime ?? times.of(memory.seenAtMs);
  const more: Open<PodStatus> = {};
  if (init.length > 0) more.initContainerStatuses = init;
  if (ephemeral.length > 0) more.ephemeralContainerStatuses = ephemeral;
  keep(status, more);
  explain(input, phase, more);
  const addresses: Open<PodStatus> = {};
  address(input, sandbox, addresses);
  const { hostIP, hostIPs, podIP, podIPs } = addresses;
  // Most statuses have just these. Written out, an object has no room to spare: see the stamp of revisions.
  if (isEmpty(more) && main.length > 0 && hostIP !== undefined && hostIPs !== undefined && podIP !== undefined && podIPs !== undefined)
    return { conditions, phase, qosClass, startTime, containerStatuses: main, hostIP, hostIPs, podIP, podIPs };
  const containers = main.length > 0 ? { containerStatuses: main } : {};
  return { conditions, phase, qosClass, startTime, ...containers, ...more, ...addresses };
}

function rejectedStatus({ pod, memory, times }: StatusInput, { reason, message }: Verdict): PodStatus {
  const { status = {} } = pod;
  return {
    ...status,
    phase: 'Failed',
    reason,
    message: `Pod was rejected: ${message}`,
    startTime: status.startTime ?? times.of(memory.seenAtMs),
  };
}

/** A pod that is over has a terminal phase, even if it never ran; one that has a terminal phase keeps it. */
function phaseOf({ pod, memory }: StatusInput, computed: string, over: boolean): string {
  const old = pod.status?.phase;
  if (isTerminalPhase(old)) return old!;
  if (memory.verdict !== undefined) return 'Failed';
  return over && !isTerminalPhase(computed) ? 'Failed' : computed;
}

/** Why the pod is in its phase: what was found out now, or what is on record for it. */
function explain({ pod, memory }: StatusInput, phase: string, next: Open<PodStatus>): void {
  const from = memory.verdict ?? (phase === pod.status?.phase ? pod.status : undefined);
  if (from?.reason !== undefined) next.reason = from.reason;
  if (from?.message !== undefined) next.message = from.message;
}

function address({ pod, hostIp, pool }: StatusInput, sandbox: SandboxReport | undefined, next: Open<PodStatus>): void {
  const old = pod.status;
  if (hostIp !== '') {
    next.hostIP = hostIp;
    next.hostIPs = old?.hostIP === hostIp && old.hostIPs !== undefined ? old.hostIPs : pool.hostIps(hostIp);
  }
  const ips = sandbox === undefined || sandbox.ips.length === 0 ? ownAddress(pod, hostIp) : sandbox.ips;
  if (ips.length > 0) {
    next.podIP = ips[0]!;
    next.podIPs = sameIps(old?.podIPs, ips) ? old!.podIPs! : ips.map((ip) => ({ ip }));
    return;
  }
  // The address a finished pod had stays on record.
  if (old?.podIP !== undefined) next.podIP = old.podIP;
  if (old?.podIPs !== undefined) next.podIPs = old.podIPs;
}

const sameIps = (known: PodStatus['podIPs'], ips: readonly string[]): boolean =>
  known !== undefined && known.length === ips.length && known.every(({ ip }, i) => ip === ips[i]);

const ownAddress = (pod: StoredPod, hostIp: string): readonly string[] => (pod.spec?.hostNetwork === true && hostIp !== '' ? [hostIp] : []);

/** What is not the kubelet's to compute. */
function keep(old: PodStatus, next: Open<PodStatus>): void {
  const { nominatedNodeName, resize, resourceClaimStatuses, extendedResourceClaimStatus, observedGeneration } = old;
  if (nominatedNodeName !== undefined) next.nominatedNodeName = nominatedNodeName;
  if (resize !== undefined) next.resize = resize;
  if (resourceClaimStatuses !== undefined) next.resourceClaimStatuses = resourceClaimStatuses;
  if (extendedResourceClaimStatus !== undefined) next.extendedResourceClaimStatus = extendedResourceClaimStatus;
  if (observedGeneration !== undefined) next.observedGeneration = observedGeneration;
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}

function sortedByName(containers: PodContainers['main']): PodContainers['main'] {
  if (containers.length < 2) return containers;
  return [...containers].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}
