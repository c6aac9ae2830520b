import type { FieldErrors } from '../../api/field-errors.ts';
import type { Container, Volume, VolumeMount } from '../../api/generated/models.ts';
import { validateOptionalChoice } from '../field-checks.ts';
import { validateDescendingPath } from '../path-checks.ts';

/** The volumes of a pod that are valid themselves, by name. */
export type KnownVolumes = ReadonlyMap<string, Volume>;

function validatePropagation(mount: VolumeMount, privileged: boolean, path: string, errors: FieldErrors): void {
  validateOptionalChoice(mount.mountPropagation, ['Bidirectional', 'HostToContainer', 'None'], `${path}.mountPropagation`, errors);
  if (mount.mountPropagation === 'Bidirectional' && !privileged) {
    errors.forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers');
  }
}

function validateRecursiveReadOnly(mount: VolumeMount, path: string, errors: FieldErrors): void {
  const mode = mount.recursiveReadOnly;
  validateOptionalChoice(mode, ['Disabled', 'Enabled', 'IfPossible'], `${path}.recursiveReadOnly`, errors);
  if (mode !== 'Enabled' && mode !== 'IfPossible') return;
  if (mount.readOnly !== true) errors.forbidden(`${path}.recursiveReadOnly`, 'may only be specified when readOnly is true');
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
    errors.forbidden(`${path}.recursiveReadOnly`, 'may only be specified when mountPropagation is None or not specified');
  }
}

/** Kubernetes puts some problems at the list, without the index of the mount. */
function validatePaths(mount: VolumeMount, volume: Volume | undefined, list: string, at: string, errors: FieldErrors): void {
  const { subPath = '', subPathExpr = '' } = mount;
  if (volume?.image !== undefined) {
    if (subPath !== '') errors.invalid(`${at}.subPath`, subPath, 'not allowed in image volume sources');
    if (subPathExpr !== '') errors.invalid(`${at}.subPathExpr`, subPathExpr, 'not allowed in image volume sources');
  }
  if (subPath !== '') validateDescendingPath(subPath, `${list}.subPath`, errors);
  if (subPathExpr === '') return;
  if (subPath !== '') errors.invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive');
  validateDescendingPath(subPathExpr, `${list}.subPathExpr`, errors);
}

export function validateVolumeMounts(container: Container, volumes: KnownVolumes, path: string, errors: FieldErrors): void {
  const devices = container.volumeDevices ?? [];
  const taken = new Set<string>();
  for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${i}]`;
    if (mount.name === '') errors.required(`${at}.name`);
    if (!volumes.has(mount.name)) errors.notFound(`${at}.name`, mount.name);
    if (mount.mountPath === '') errors.required(`${at}.mountPath`);
    if (taken.has(mount.mountPath)) errors.invalid(`${at}.mountPath`, mount.mountPath, 'must be unique');
    taken.add(mount.mountPath);
    if (devices.some((device) => device.name === mount.name))
      errors.invalid(`${at}.name`, mount.name, 'must not already exist in volumeDevices');
    if (devices.some((device) => device.devicePath === mount.mountPath)) {
      errors.invalid(`${at}.mountPath`, mount.mountPath, 'must not already exist as a path in volumeDevices');
    }
    validatePaths(mount, volumes.get(mount.name), path, at, errors);
    validatePropagation(mount, container.securityContext?.privileged === true, path, errors);
    validateRecursiveReadOnly(mount, path, errors);
  }
}

export function validateVolumeDevices(container: Container, volumes: KnownVolumes, path: string, errors: FieldErrors): void {
  const mounts = container.volumeMounts ?? [];
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [i, { name, devicePath }] of (container.volumeDevices ?? []).entries()) {
    const at = `${path}[${i}]`;
    const volume = volumes.get(name);
    if (name === '') errors.required(`${at}.name`);
    if (names.has(name)) errors.invalid(`${at}.name`, name, 'must be unique');
    if (volume === undefined) errors.notFound(`${at}.name`, name);
    else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined) {
      errors.invalid(`${at}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
    }
    if (devicePath === '') errors.required(`${at}.devicePath`);
    if (paths.has(devicePath)) errors.invalid(`${at}.devicePath`, devicePath, 'must be unique');
    if (devicePath.split('/').includes('..')) errors.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) errors.invalid(`${at}.name`, name, 'must not already exist in volumeMounts');
    if (mounts.some((mount) => mount.mountPath === devicePath)) {
      errors.invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
    }
    if (name !== '') names.add(name);
  }
}
