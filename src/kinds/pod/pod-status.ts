import type { FieldErrors } from '../../api/field-errors.ts';
import type { ContainerStatus, PodManifest, PodSpec, PodStatus } from '../../api/generated/models.ts';
import { isIpv6Address } from '../../api/ip-address.ts';
import { validateDnsSubdomain, validateIp, validateQualifiedName, validateUnchanged } from '../field-checks.ts';
import { validateAnnotationsUpdate } from './pod-update.ts';

/** What a status says twice, or a reporter need not say: the first address, and the class that was chosen when the pod was made. */
export function completeStatus(status: PodStatus = {}, before: PodStatus = {}): PodStatus {
  const { podIP = '', podIPs = none, hostIP = '', hostIPs = none, qosClass = before.qosClass } = status;
  const first = podIPs[0]?.ip ?? '';
  // A kubelet's status says everything: the same object goes on.
  if (podIP === first && (hostIP === '' || hostIPs.length > 0) && qosClass === status.qosClass) return status;
  const addresses = podIP !== '' && first !== podIP ? { podIPs: [{ ip: podIP }] } : podIP === '' && first !== '' ? { podIP: first } : {};
  const hosts = hostIP !== '' && hostIPs.length === 0 ? { hostIPs: [{ ip: hostIP }] } : {};
  const quality = qosClass === undefined || qosClass === status.qosClass ? {} : { qosClass };
  const added = { ...addresses, ...hosts, ...quality };
  return Object.keys(added).length === 0 ? status : { ...status, ...added };
}

const none: readonly never[] = [];

/** May this container, which has ended, be seen running again? */
function mayRestart(status: ContainerStatus, restartPolicy: string | undefined, sidecars: ReadonlySet<string>): boolean {
  const ended = status.state?.terminated;
  if (ended === undefined || restartPolicy === 'Always' || sidecars.has(status.name)) return true;
  return ended.exitCode !== 0 && restartPolicy === 'OnFailure';
}

function validateTransitions(
  statuses: readonly ContainerStatus[] = [],
  old: readonly ContainerStatus[] = [],
  mayRun: (status: ContainerStatus) => boolean,
  path: string,
  errors: FieldErrors,
): void {
  for (const [i, before] of old.entries()) {
    if (mayRun(before)) continue;
    for (const status of statuses) {
      if (status.name === before.name && status.state?.terminated === undefined) {
        errors.forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state');
      }
    }
  }
}

/** At most one address of each family, and none twice. */
function validateAddresses(addresses: readonly { readonly ip?: string }[], path: string, errors: FieldErrors): void {
  const texts = addresses.map(({ ip }) => ip ?? '');
  for (const [i, ip] of texts.entries()) {
    validateIp(ip, `${path}[${i}]`, errors);
    if (texts.indexOf(ip) < i) errors.duplicate(`${path}[${i}]`, addresses[i]);
  }
  const sixes = texts.filter(isIpv6Address).length;
  if (texts.length > 2 || sixes > 1 || texts.length - sixes > 1)
    errors.invalid(path, addresses, 'may specify no more than one IP for each IP family');
}

/** Only what has ended cannot run again. */
const hasEnded = ({ containerStatuses, initContainerStatuses, ephemeralContainerStatuses }: PodStatus): boolean =>
  anyEnded(containerStatuses) || anyEnded(initContainerStatuses) || anyEnded(ephemeralContainerStatuses);

const anyEnded = (statuses: readonly ContainerStatus[] | undefined): boolean =>
  statuses?.some(({ state }) => state?.terminated !== undefined) === true;

function validateContainers(status: PodStatus, before: PodStatus, spec: PodSpec | undefined, errors: FieldErrors): void {
  if (!hasEnded(before)) return;
  const none: ReadonlySet<string> = new Set();
  const restartable = (spec?.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const sidecars = new Set(restartable.map((container) => container.name));
  const policy = spec?.restartPolicy;
  const ofContainers = (old: ContainerStatus): boolean => mayRestart(old, policy, none);
  validateTransitions(status.containerStatuses, before.containerStatuses, ofContainers, 'status.containerStatuses', errors);
  const ofInit = (old: ContainerStatus): boolean => mayRestart(old, policy, sidecars);
  validateTransitions(status.initContainerStatuses, before.initContainerStatuses, ofInit, 'status.initContainerStatuses', errors);
  const ofEphemeral = (old: ContainerStatus): boolean => mayRestart(old, 'Never', none);
  validateTransitions(
    status.ephemeralContainerStatuses,
    before.ephemeralContainerStatuses,
    ofEphemeral,
    'status.ephemeralContainerStatuses',
    errors,
  );
}

/** The conditions a kubelet sets itself: their names are good. */
const ownConditions: ReadonlySet<string> = new Set([
  'PodScheduled',
  'PodReadyToStartContainers',
  'Initialized',
  'ContainersReady',
  'Ready',
  'DisruptionTarget',
]);

/** What a new status may not say of a pod. */
export function validatePodStatusUpdate(object: PodManifest, old: PodManifest, errors: FieldErrors): void {
  validateAnnotationsUpdate(object, old, errors);
  const status = object.status ?? {};
  const before = old.status ?? {};
  const { conditions = [] } = status;
  // Conditions that were there are good.
  for (let i = 0; conditions !== before.conditions && i < conditions.length; i++) {
    const { type } = conditions[i]!;
    if (!ownConditions.has(type)) validateQualifiedName(type, `metadata.conditions[${i}].Type`, errors);
  }
  const nominated = status.nominatedNodeName;
  if (nominated !== undefined && nominated !== '' && nominated !== before.nominatedNodeName) {
    validateDnsSubdomain(nominated, 'status.nominatedNodeName', errors);
  }
  validateUnchanged(status.qosClass, before.qosClass, 'status.qosClass', errors);
  validateContainers(status, before, old.spec, errors);
  if (status.podIPs !== before.podIPs) validateAddresses(status.podIPs ?? [], 'status.podIPs', errors);
  const hostIps = status.hostIPs ?? [];
  if (hostIps.length === 0 || (hostIps === before.hostIPs && status.hostIP === before.hostIP)) return;
  if (hostIps[0]!.ip !== status.hostIP) errors.invalid('status.hostIPs[0].ip', hostIps[0]!.ip, 'must be equal to `hostIP`');
  validateAddresses(hostIps, 'status.hostIPs', errors);
}
