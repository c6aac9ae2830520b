import type { FieldErrors } from '../../api/field-errors.ts';
import type { PodSpec } from '../../api/generated/models.ts';
import { allContainers } from './windows-options.ts';

const notOnWindows = 'cannot be set for a windows pod';
const podContextFields = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
const containerContextFields = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const;

function validateLinux(spec: PodSpec, path: string, errors: FieldErrors): void {
  const why = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions !== undefined) errors.forbidden(`${path}.securityContext.windowsOptions`, why);
  for (const [container, at] of allContainers(spec, path)) {
    if (container.securityContext?.windowsOptions !== undefined) errors.forbidden(`${at}.securityContext.windowsOptions`, why);
  }
}

function validateWindows(spec: PodSpec, path: string, errors: FieldErrors): void {
  for (const field of podContextFields) {
    if (spec.securityContext?.[field] !== undefined) errors.forbidden(`${path}.securityContext.${field}`, notOnWindows);
  }
  for (const field of ['hostUsers', 'shareProcessNamespace'] as const) {
    if (spec[field] !== undefined) errors.forbidden(`${path}.${field}`, notOnWindows);
  }
  for (const field of ['hostPID', 'hostIPC'] as const) if (spec[field] === true) errors.forbidden(`${path}.${field}`, notOnWindows);
  for (const [container, at] of allContainers(spec, path)) {
    for (const field of containerContextFields) {
      if (container.securityContext?.[field] !== undefined) errors.forbidden(`${at}.securityContext.${field}`, notOnWindows);
    }
  }
}

/** A pod that names its operating system may not set what the other one has. */
export function validateOperatingSystem(spec: PodSpec, path: string, errors: FieldErrors): void {
  if (spec.os === undefined) return;
  if (spec.os.name === '') errors.required(`${path}.os.name`, 'cannot be empty');
  else if (spec.os.name === 'linux') validateLinux(spec, path, errors);
  else if (spec.os.name === 'windows') validateWindows(spec, path, errors);
  else errors.notSupported(`${path}.os`, spec.os.name, ['linux', 'windows']);
}
