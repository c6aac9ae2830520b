import type { Draft } from '../../api/kind.ts';
import type { Container, PodSpec, PodTemplateSpec } from '../../api/generated/models.ts';
import { defaultContainer } from './default-container.ts';
import { defaultVolume } from './default-volume.ts';

/** Seconds between SIGTERM and SIGKILL unless a pod says otherwise. */
export const defaultTerminationGracePeriodSeconds = 30;

/**
 * The defaults of a pod spec, in a pod or in a template. A frozen spec came out of the registry and has them already.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodSpec
 */
export function defaultPodSpec(spec: Draft<PodSpec> | undefined): void {
  if (spec === undefined || Object.isFrozen(spec)) return;
  spec.restartPolicy ||= 'Always';
  spec.terminationGracePeriodSeconds ??= defaultTerminationGracePeriodSeconds;
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ||= 'default-scheduler';
  // The two names are one field: the older one mirrors the newer.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account !== undefined && account !== '') spec.serviceAccountName = spec.serviceAccount = account;
  else if (spec.serviceAccount !== undefined) delete spec.serviceAccount;
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
  for (const container of spec.initContainers ?? []) defaultContainer(container);
  for (const container of spec.containers ?? []) defaultContainer(container);
  for (const container of spec.ephemeralContainers ?? []) defaultContainer(container);
}

/** The defaults of the template of a workload. */
export function defaultPodTemplate(template: Draft<PodTemplateSpec> | undefined): void {
  if (template !== undefined && !Object.isFrozen(template)) defaultPodSpec(template.spec);
}

/** Requests default to limits, host ports on the host network to container ports: in pods, not in templates. */
function withPodOnlyDefaults(container: Container, hostNetwork: boolean): Container {
  let result = container;
  const { limits, requests } = container.resources ?? {};
  const missing = Object.keys(limits ?? {}).filter((name) => requests?.[name] === undefined);
  if (missing.length > 0) {
    const added = Object.fromEntries(missing.map((name) => [name, limits![name]!]));
    result = { ...result, resources: { ...container.resources, requests: { ...requests, ...added } } };
  }
  if (hostNetwork && container.ports?.some((port) => !port.hostPort) === true) {
    result = { ...result, ports: container.ports.map((port) => (port.hostPort ? port : { ...port, hostPort: port.containerPort })) };
  }
  return result;
}

function mapIfChanged(containers: readonly Container[] | undefined, hostNetwork: boolean): readonly Container[] | undefined {
  const mapped = containers?.map((container) => withPodOnlyDefaults(container, hostNetwork));
  return mapped?.some((container, index) => container !== containers![index]) === true ? mapped : containers;
}

/** A pod spec with the defaults that only pods get: the same object if it has them, else a copy that shares what did not change. */
export function podSpecOfPod(spec: PodSpec): PodSpec {
  const containers = mapIfChanged(spec.containers, spec.hostNetwork === true) ?? [];
  const initContainers = mapIfChanged(spec.initContainers, spec.hostNetwork === true);
  if (containers === spec.containers && initContainers === spec.initContainers && spec.enableServiceLinks !== undefined) return spec;
  return {
    ...spec,
    containers,
    ...(initContainers === undefined ? {} : { initContainers }),
    enableServiceLinks: spec.enableServiceLinks ?? true,
  };
}
