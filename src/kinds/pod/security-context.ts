import type { FieldErrors } from '../../api/field-errors.ts';
import type { AppArmorProfile, PodSecurityContext, PodSpec, SeccompProfile, SecurityContext, Sysctl } from '../../api/generated/models.ts';
import { validateChoice, validateId, validateOptionalChoice } from '../field-checks.ts';
import { validateDescendingPath } from '../path-checks.ts';
import { validateWindowsOptions } from './windows-options.ts';

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const localhostProfileMax = 4095;
const sysctlName = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const sysctlWords =
  'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';

function validateSeccomp(profile: SeccompProfile | undefined, path: string, errors: FieldErrors): void {
  if (profile === undefined) return;
  if (profile.type === '') errors.required(`${path}.type`, 'type is required when seccompProfile is set');
  else validateOptionalChoice(profile.type, profileTypes, `${path}.type`, errors);
  const local = profile.localhostProfile;
  if (profile.type !== 'Localhost') {
    if (local !== undefined) errors.invalid(`${path}.localhostProfile`, profile, 'can only be set when seccomp type is Localhost');
  } else if (local === undefined) errors.required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost');
  else validateDescendingPath(local, `${path}.localhostProfile`, errors);
}

function validateAppArmor(profile: AppArmorProfile | undefined, path: string, errors: FieldErrors): void {
  if (profile === undefined) return;
  const at = `${path}.localhostProfile`;
  const local = profile.localhostProfile;
  if (profile.type === '') errors.required(`${path}.type`, 'type is required when appArmorProfile is set');
  else validateOptionalChoice(profile.type, profileTypes, `${path}.type`, errors);
  if (profile.type === 'Localhost') {
    if (local === undefined || local === '') errors.required(at, 'must be set when AppArmor type is Localhost');
    else if (local !== local.trim()) errors.invalid(at, local, 'must not be padded with whitespace');
    if (local !== undefined && local.length > localhostProfileMax) errors.tooLong(at, localhostProfileMax);
  } else if (local !== undefined && profileTypes.includes(profile.type)) {
    errors.invalid(at, local, 'can only be set when AppArmor type is Localhost');
  }
}

/** The security context of one container; `hostUsers`: the pod shares the user namespace of its node. */
export function validateSecurityContext(context: SecurityContext | undefined, hostUsers: boolean, path: string, errors: FieldErrors): void {
  if (context === undefined) return;
  validateId(context.runAsUser, `${path}.runAsUser`, errors);
  validateId(context.runAsGroup, `${path}.runAsGroup`, errors);
  validateOptionalChoice(context.procMount, ['Default', 'Unmasked'], `${path}.procMount`, errors);
  if (hostUsers && context.procMount === 'Unmasked') {
    errors.invalid(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`');
  }
  validateSeccomp(context.seccompProfile, `${path}.seccompProfile`, errors);
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      errors.invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    for (const capability of context.capabilities?.add ?? []) {
      if (capability === 'CAP_SYS_ADMIN') {
        errors.invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN');
      }
    }
  }
  validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors);
  validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`, errors);
}

const ipcSysctls: ReadonlySet<string> = new Set(['kernel.sem']);

function namespaceOf(sysctl: string): 'ipc' | 'net' | undefined {
  // Either separator may come first; the first one decides how the name is read.
  const slash = sysctl.indexOf('/');
  const dot = sysctl.indexOf('.');
  const name = slash >= 0 && (dot < 0 || slash < dot) ? sysctl.replaceAll('/', '.') : sysctl;
  if (ipcSysctls.has(name) || /^kernel\.(shm|msg)/.test(name) || name.startsWith('fs.mqueue.')) return 'ipc';
  return name.startsWith('net.') ? 'net' : undefined;
}

function validateSysctls(sysctls: readonly Sysctl[], spec: PodSpec, path: string, errors: FieldErrors): void {
  const names = new Set<string>();
  for (const [i, { name }] of sysctls.entries()) {
    const at = `${path}[${i}].name`;
    if (name === '') errors.required(at);
    else if (name.length > 253 || !sysctlName.test(name)) errors.invalid(at, name, sysctlWords);
    else if (names.has(name)) errors.duplicate(at, name);
    names.add(name);
    const namespace = namespaceOf(name);
    if (spec.hostNetwork === true && namespace === 'net') errors.invalid(at, name, "may not be specified when 'hostNetwork' is true");
    if (spec.hostIPC === true && namespace === 'ipc') errors.invalid(at, name, "may not be specified when 'hostIPC' is true");
  }
}

/** The security context of a pod. */
export function validatePodSecurityContext(
  context: PodSecurityContext | undefined,
  spec: PodSpec,
  path: string,
  errors: FieldErrors,
): void {
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    errors.invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  }
  if (context === undefined) return;
  validateId(context.fsGroup, `${path}.fsGroup`, errors);
  validateId(context.runAsUser, `${path}.runAsUser`, errors);
  validateId(context.runAsGroup, `${path}.runAsGroup`, errors);
  for (const [i, id] of (context.supplementalGroups ?? []).entries()) validateId(id, `${path}.supplementalGroups[${i}]`, errors);
  validateSysctls(context.sysctls ?? [], spec, `${path}.sysctls`, errors);
  validateOptionalChoice(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], `${path}.fsGroupChangePolicy`, errors);
  validateSeccomp(context.seccompProfile, `${path}.seccompProfile`, errors);
  validateWindowsOptions(context.windowsOptions, `${path}.windowsOptions`, errors);
  validateAppArmor(context.appArmorProfile, `${path}.appArmorProfile`, errors);
  validateOptionalChoice(context.supplementalGroupsPolicy, ['Merge', 'Strict'], `${path}.supplementalGroupsPolicy`, errors);
  if (context.seLinuxChangePolicy !== undefined) {
    validateChoice(context.seLinuxChangePolicy, ['MountOption', 'Recursive'], `${path}.seLinuxChangePolicy`, errors);
  }
}
