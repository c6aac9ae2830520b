import type { FieldErrors } from '../../api/field-errors.ts';
import type { PodResourceClaim, PodSpec, PodTemplateSpec } from '../../api/generated/models.ts';
import { validateAnnotations, validateLabels } from '../../api/label-validation.ts';
import {
  int32Max,
  validateChoice,
  validateDnsLabel,
  validateDnsSubdomain,
  validateOptionalChoice,
  validateQualifiedName,
  validateRange,
} from '../field-checks.ts';
import { validateTolerations } from '../taints.ts';
import { validateAffinity } from './affinity.ts';
import { validatePodAnnotations, validateProfilesMatch } from './annotations.ts';
import { type ContainerContext, validateContainers, validateEphemeralContainers, validateInitContainers } from './containers.ts';
import { validateDnsConfig, validateHostAliases } from './dns.ts';
import { validateOperatingSystem } from './operating-system.ts';
import { validateResourceRequirements } from './resource-requirements.ts';
import { validatePodSecurityContext } from './security-context.ts';
import { validateTopologySpread } from './topology-spread.ts';
import { validateVolumes } from './volumes.ts';
import { validateHostProcess } from './windows-options.ts';

function validateResourceClaims(claims: readonly PodResourceClaim[], path: string, errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [i, claim] of claims.entries()) {
    const at = `${path}[${i}]`;
    if (claim.name === '') errors.required(`${at}.name`);
    else if (names.has(claim.name)) errors.duplicate(`${at}.name`, claim.name);
    else validateDnsLabel(claim.name, `${at}.name`, errors);
    names.add(claim.name);
    const { resourceClaimName: name, resourceClaimTemplateName: template } = claim;
    if (name !== undefined && template !== undefined) {
      errors.invalid(at, claim, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified');
    }
    if (name === undefined && template === undefined) {
      errors.invalid(at, claim, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    }
    if (name !== undefined) validateDnsSubdomain(name, `${at}.resourceClaimName`, errors);
    if (template !== undefined) validateDnsSubdomain(template, `${at}.resourceClaimTemplateName`, errors);
  }
}

/** On the host's network a port of a container is a port of the host; a template may leave it to the pod's defaults. */
function validateHostNetworkPorts(spec: PodSpec, inPod: boolean, path: string, errors: FieldErrors): void {
  if (spec.hostNetwork !== true) return;
  for (const [c, container] of (spec.containers ?? []).entries()) {
    for (const [p, port] of (container.ports ?? []).entries()) {
      const hostPort = port.hostPort ?? 0;
      if ((inPod || hostPort !== 0) && hostPort !== port.containerPort) {
        errors.invalid(`${path}.containers[${c}].ports[${p}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true');
      }
    }
  }
}

function validateHostUsers(spec: PodSpec, path: string, errors: FieldErrors): void {
  if (spec.hostUsers !== false) return;
  const words = 'when `pod.Spec.HostUsers` is false';
  if (spec.hostNetwork === true) errors.forbidden(`${path}.hostNetwork`, words);
  if (spec.hostPID === true) errors.forbidden(`${path}.HostPID`, words);
  if (spec.hostIPC === true) errors.forbidden(`${path}.HostIPC`, words);
}

function validateGates(spec: PodSpec, path: string, errors: FieldErrors): void {
  for (const [i, gate] of (spec.readinessGates ?? []).entries()) {
    validateQualifiedName(gate.conditionType, `${path}.readinessGates[${i}].conditionType`, errors);
  }
  const names = new Set<string>();
  for (const [i, { name }] of (spec.schedulingGates ?? []).entries()) {
    validateQualifiedName(name, `${path}.schedulingGates[${i}]`, errors);
    if (names.has(name)) errors.duplicate(`${path}.schedulingGates[${i}]`, name);
    names.add(name);
  }
}

const subdomainFields = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const;
/** Parts of newer versions of Kubernetes, which nothing here would honour. */
const unsupportedFields = ['hostnameOverride', 'resources'] as const;

function validateScalars(spec: PodSpec, path: string, errors: FieldErrors): void {
  for (const field of subdomainFields) {
    const value = spec[field];
    if (value !== undefined && (value !== '' || field === 'runtimeClassName')) validateDnsSubdomain(value, `${path}.${field}`, errors);
  }
  for (const field of ['hostname', 'subdomain'] as const) {
    const value = spec[field];
    if (value !== undefined && value !== '') validateDnsLabel(value, `${path}.${field}`, errors);
  }
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined) validateRange(deadline, 1, int32Max, `${path}.activeDeadlineSeconds`, errors);
  validateOptionalChoice(spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], `${path}.preemptionPolicy`, errors);
  for (const field of unsupportedFields) if (spec[field] !== undefined) errors.forbidden(`${path}.${field}`, 'is not supported');
}

/** Checks the spec of a pod, or of a template (`podName` undefined), without what only one of the two must have. */
export function validatePodSpec(spec: PodSpec, podName: string | undefined, path: string, errors: FieldErrors): void {
  if (spec.terminationGracePeriodSeconds === undefined) errors.required(`${path}.terminationGracePeriodSeconds`);
  const volumes = validateVolumes(spec.volumes, podName ?? '', `${path}.volumes`, errors);
  const claims = spec.resourceClaims ?? [];
  validateResourceClaims(claims, `${path}.resourceClaims`, errors);
  const inPod = podName !== undefined;
  const context: ContainerContext = { spec, volumes, claims: claims.map((claim) => claim.name), inPod };
  validateContainers(context, `${path}.containers`, errors);
  validateInitContainers(context, `${path}.initContainers`, errors);
  validateEphemeralContainers(context, `${path}.ephemeralContainers`, errors);
  validateHostNetworkPorts(spec, inPod, path, errors);
  validateChoice(spec.restartPolicy, ['Always', 'OnFailure', 'Never'], `${path}.restartPolicy`, errors);
  validateChoice(spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], `${path}.dnsPolicy`, errors);
  validateLabels(spec.nodeSelector, `${path}.nodeSelector`, errors);
  validatePodSecurityContext(spec.securityContext, spec, `${path}.securityContext`, errors);
  errors.check(validateAffinity, spec.affinity, `${path}.affinity`);
  validateDnsConfig(spec, `${path}.dnsConfig`, errors);
  validateGates(spec, path, errors);
  errors.check(validateTopologySpread, spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`);
  validateHostProcess(spec, path, errors);
  validateHostUsers(spec, path, errors);
  validateScalars(spec, path, errors);
  errors.check(validateTolerations, spec.tolerations, `${path}.tolerations`);
  validateHostAliases(spec.hostAliases ?? [], `${path}.hostAliases`, errors);
  if (spec.overhead !== undefined) validateResourceRequirements({ limits: spec.overhead }, `${path}.overhead`, errors);
  validateOperatingSystem(spec, path, errors);
}

function validateTemplateItself(template: PodTemplateSpec, path: string, errors: FieldErrors): void {
  const { metadata, spec } = template;
  validateLabels(metadata?.labels, `${path}.labels`, errors);
  validateAnnotations(metadata?.annotations, `${path}.annotations`, errors);
  if (spec === undefined) return validatePodSpec({ containers: [] }, undefined, `${path}.spec`, errors);
  validatePodAnnotations(metadata?.annotations, spec, `${path}.annotations`, errors);
  validatePodSpec(spec, undefined, `${path}.spec`, errors);
  validateProfilesMatch(metadata?.annotations, spec, `${path}.spec`, errors);
  if ((spec.ephemeralContainers ?? []).length > 0) {
    errors.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
  }
}

/** Checks the template of a workload, once for each frozen template. */
export function validatePodTemplate(template: PodTemplateSpec, path: string, errors: FieldErrors): void {
  errors.check(validateTemplateItself, template, path);
}
