import type { FieldErrors } from '../../api/field-errors.ts';
import type { Container, ContainerPort, EphemeralContainer, PodSpec } from '../../api/generated/models.ts';
import { checkPortName } from '../../api/names.ts';
import { validateChoice, validateDnsLabel, validatePortNumber } from '../field-checks.ts';
import { validateEnv, validateEnvFrom } from './environment.ts';
import { validateDecisiveProbe, validateLifecycle, validateReadinessProbe } from './probes.ts';
import { validateResourceClaims, validateResourceRequirements } from './resource-requirements.ts';
import { validateSecurityContext } from './security-context.ts';
import { type KnownVolumes, validateVolumeDevices, validateVolumeMounts } from './volume-mounts.ts';

/** What the check of a container needs to know of its pod. */
export interface ContainerContext {
  readonly spec: PodSpec;
  readonly volumes: KnownVolumes;
  readonly claims: readonly string[];
  /** False in a template, where some checks wait for the pod. */
  readonly inPod: boolean;
}

const protocols = ['SCTP', 'TCP', 'UDP'];
const resizePolicies = ['NotRequired', 'RestartContainer'];

function validatePorts(ports: readonly ContainerPort[], path: string, errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const at = `${path}[${i}]`;
    if (port.name !== undefined && port.name !== '') {
      const problems = checkPortName(port.name);
      for (const problem of problems) errors.invalid(`${at}.name`, port.name, problem);
      if (problems.length === 0 && names.has(port.name)) errors.duplicate(`${at}.name`, port.name);
      names.add(port.name);
    }
    if (port.containerPort === 0) errors.required(`${at}.containerPort`);
    else validatePortNumber(port.containerPort, `${at}.containerPort`, errors);
    if (port.hostPort !== undefined && port.hostPort !== 0) validatePortNumber(port.hostPort, `${at}.hostPort`, errors);
    validateChoice(port.protocol, protocols, `${at}.protocol`, errors);
  }
}

/** What depends on nothing outside the container. */
function validateContainerItself(container: Container, path: string, errors: FieldErrors): void {
  if (container.name === '') errors.required(`${path}.name`);
  else validateDnsLabel(container.name, `${path}.name`, errors);
  if (container.image === undefined || container.image === '') errors.required(`${path}.image`);
  validateChoice(container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError'], `${path}.terminationMessagePolicy`, errors);
  validatePorts(container.ports ?? [], `${path}.ports`, errors);
  validateEnv(container.env, `${path}.env`, errors);
  validateEnvFrom(container.envFrom, `${path}.envFrom`, errors);
  validateChoice(container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.imagePullPolicy`, errors);
  if (container.resources !== undefined) validateResourceRequirements(container.resources, `${path}.resources`, errors);
  if (container.restartPolicyRules !== undefined) errors.forbidden(`${path}.restartPolicyRules`, 'is not supported');
}

function validateResizePolicy(container: Container, podRestartPolicy: string | undefined, path: string, errors: FieldErrors): void {
  const seen = new Set<string>();
  for (const [i, { resourceName, restartPolicy }] of (container.resizePolicy ?? []).entries()) {
    if (seen.has(resourceName)) errors.duplicate(`${path}[${i}]`, resourceName);
    seen.add(resourceName);
    validateChoice(resourceName, ['cpu', 'memory'], path, errors);
    validateChoice(restartPolicy, resizePolicies, path, errors);
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.invalid(path, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  }
}

function validateCommon(container: Container, { spec, volumes, claims, inPod }: ContainerContext, path: string, errors: FieldErrors): void {
  errors.check(validateContainerItself, container, path);
  validateVolumeMounts(container, volumes, `${path}.volumeMounts`, errors);
  validateVolumeDevices(container, volumes, `${path}.volumeDevices`, errors);
  validateResourceClaims(container.resources, claims, `${path}.resources`, errors);
  validateResizePolicy(container, spec.restartPolicy, `${path}.resizePolicy`, errors);
  validateSecurityContext(container.securityContext, spec.hostUsers !== false, `${path}.securityContext`, errors);
  if (inPod && container.image !== undefined && container.image !== container.image.trim()) {
    errors.invalid(`${path}.image`, container.image, 'must not have leading or trailing whitespace');
  }
}

function validateHooksAndProbes(container: Container, spec: PodSpec, path: string, errors: FieldErrors): void {
  const { lifecycle } = container;
  if (lifecycle !== undefined) validateLifecycle(lifecycle, spec.terminationGracePeriodSeconds, `${path}.lifecycle`, errors);
  errors.check(validateDecisiveProbe, container.livenessProbe, `${path}.livenessProbe`);
  errors.check(validateReadinessProbe, container.readinessProbe, `${path}.readinessProbe`);
  errors.check(validateDecisiveProbe, container.startupProbe, `${path}.startupProbe`);
}

function validateHostPorts(containers: readonly (readonly [container: Container, path: string])[], errors: FieldErrors): void {
  const taken = new Set<string>();
  for (const [container, path] of containers) {
    for (const [i, port] of (container.ports ?? []).entries()) {
      if (port.hostPort === undefined || port.hostPort === 0) continue;
      const text = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(text)) errors.duplicate(`${path}.ports[${i}].hostPort`, text);
      taken.add(text);
    }
  }
}

export function validateContainers(context: ContainerContext, path: string, errors: FieldErrors): void {
  const containers = context.spec.containers ?? [];
  if (containers.length === 0) return errors.required(path);
  const names = new Set<string>();
  for (const [i, container] of containers.entries()) {
    const at = `${path}[${i}]`;
    validateCommon(container, context, at, errors);
    if (names.has(container.name)) errors.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    validateHooksAndProbes(container, context.spec, at, errors);
    if (container.restartPolicy !== undefined) errors.forbidden(`${at}.restartPolicy`, 'may not be set for non-init containers');
  }
  validateHostPorts(
    containers.map((container, i) => [container, `${path}[${i}]`]),
    errors,
  );
}

export function validateInitContainers(context: ContainerContext, path: string, errors: FieldErrors): void {
  const names = new Set((context.spec.containers ?? []).map((container) => container.name));
  for (const [i, container] of (context.spec.initContainers ?? []).entries()) {
    const at = `${path}[${i}]`;
    validateCommon(container, context, at, errors);
    const sidecar = container.restartPolicy === 'Always';
    if (container.restartPolicy !== undefined && !sidecar) errors.notSupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']);
    if (names.has(container.name)) errors.duplicate(`${at}.name`, container.name);
    else if (container.name !== '') names.add(container.name);
    // They run one after the other, so that each is alone with its ports; Kubernetes counts them from 0 each time.
    validateHostPorts([[container, `${path}[0]`]], errors);
    if (sidecar) validateHooksAndProbes(container, context.spec, at, errors);
    else {
      for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[field] !== undefined)
          errors.forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always');
      }
      if ((container.resizePolicy ?? []).length > 0)
        errors.invalid(`${at}.resizePolicy`, container.resizePolicy, 'must not be set for init containers');
    }
  }
}

const notInEphemeral = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'resizePolicy', 'restartPolicy'] as const;

function validateEphemeralFields(container: EphemeralContainer, path: string, errors: FieldErrors): void {
  const words = 'cannot be set for an Ephemeral Container';
  for (const field of notInEphemeral) if (container[field] !== undefined) errors.forbidden(`${path}.${field}`, words);
  if (Object.keys(container.resources ?? {}).length > 0) errors.forbidden(`${path}.resources`, words);
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    for (const field of ['subPath', 'subPathExpr'] as const) {
      if (mount[field] !== undefined && mount[field] !== '') errors.forbidden(`${path}.volumeMounts[${i}].${field}`, words);
    }
  }
}

export function validateEphemeralContainers(context: ContainerContext, path: string, errors: FieldErrors): void {
  const { containers, initContainers = [], ephemeralContainers = [] } = context.spec;
  const others = new Set([...containers, ...initContainers].map((container) => container.name));
  const names = new Set(others);
  for (const [i, container] of ephemeralContainers.entries()) {
    const at = `${path}[${i}]`;
    validateCommon(container, { ...context, inPod: true }, at, errors);
    if (names.has(container.name)) errors.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    const target = container.targetContainerName;
    if (target !== undefined && target !== '' && !others.has(target)) errors.notFound(`${at}.targetContainerName`, target);
    validateEphemeralFields(container, at, errors);
  }
}
