import type { FieldErrors } from '../../api/field-errors.ts';
import type {
  ConfigMapVolumeSource,
  CSIVolumeSource,
  DownwardAPIVolumeSource,
  EmptyDirVolumeSource,
  HostPathVolumeSource,
  ImageVolumeSource,
  KeyToPath,
  NFSVolumeSource,
  SecretVolumeSource,
} from '../../api/generated/models.ts';
import { checkDns1123Subdomain } from '../../api/names.ts';
import { Quantity } from '../../api/quantity.ts';
import { validateChoice, validateDnsSubdomain, validateFileMode, validateOptionalChoice, validateRequired } from '../field-checks.ts';
import { validateNoBacksteps, validateVolumePath } from '../path-checks.ts';
import { validateDownwardApiFile } from './downward-api.ts';

/*
 * The sources of volumes that pods use every day; `volume-drivers.ts` has the others.
 * Source: https://kubernetes.io/docs/concepts/storage/volumes/
 */

const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const csiDriverNameMax = 63;

export function validateEmptyDir(source: EmptyDirVolumeSource, path: string, errors: FieldErrors): void {
  if (source.sizeLimit !== undefined && Quantity.parse(source.sizeLimit).isNegative) {
    errors.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
  }
}

export function validateHostPath(source: HostPathVolumeSource, path: string, errors: FieldErrors): void {
  if (source.path === '') return errors.required(`${path}.path`);
  validateNoBacksteps(source.path, `${path}.path`, errors);
  validateOptionalChoice(source.type, hostPathTypes, `${path}.type`, errors);
}

export function validateKeyToPath(item: KeyToPath, path: string, errors: FieldErrors): void {
  validateRequired(item.key, `${path}.key`, errors);
  validateRequired(item.path, `${path}.path`, errors);
  validateVolumePath(item.path, `${path}.path`, errors);
  validateFileMode(item.mode, `${path}.mode`, errors);
}

export function validateSecretVolume(source: SecretVolumeSource, path: string, errors: FieldErrors): void {
  validateRequired(source.secretName, `${path}.secretName`, errors);
  validateFileMode(source.defaultMode, `${path}.defaultMode`, errors);
  for (const [i, item] of (source.items ?? []).entries()) validateKeyToPath(item, `${path}.items[${i}]`, errors);
}

export function validateConfigMapVolume(source: ConfigMapVolumeSource, path: string, errors: FieldErrors): void {
  validateRequired(source.name, `${path}.name`, errors);
  validateFileMode(source.defaultMode, `${path}.defaultMode`, errors);
  for (const [i, item] of (source.items ?? []).entries()) validateKeyToPath(item, `${path}.items[${i}]`, errors);
}

export function validateDownwardApiVolume(source: DownwardAPIVolumeSource, path: string, errors: FieldErrors): void {
  validateFileMode(source.defaultMode, `${path}.defaultMode`, errors);
  for (const file of source.items ?? []) validateDownwardApiFile(file, path, errors);
}

export function validateNfs(source: NFSVolumeSource, path: string, errors: FieldErrors): void {
  validateRequired(source.server, `${path}.server`, errors);
  validateRequired(source.path, `${path}.path`, errors);
  if (!source.path.startsWith('/')) errors.invalid(`${path}.path`, source.path, 'must be an absolute path');
}

export function validateCsiDriverName(name: string, path: string, errors: FieldErrors): void {
  validateRequired(name, path, errors);
  if (name.length > csiDriverNameMax) errors.tooLong(path, csiDriverNameMax);
  for (const problem of checkDns1123Subdomain(name.toLowerCase())) errors.invalid(path, name, problem);
}

export function validateCsiVolume(source: CSIVolumeSource, path: string, errors: FieldErrors): void {
  validateCsiDriverName(source.driver, `${path}.driver`, errors);
  const ref = source.nodePublishSecretRef;
  if (ref === undefined) return;
  if (ref.name === undefined || ref.name === '') errors.required(`${path}.nodePublishSecretRef.name`);
  else validateDnsSubdomain(ref.name, `${path}.name`, errors);
}

export function validateImageVolume(source: ImageVolumeSource, path: string, errors: FieldErrors): void {
  validateRequired(source.reference, `${path}.reference`, errors);
  validateChoice(source.pullPolicy, ['Always', 'IfNotPresent', 'Never'], `${path}.pullPolicy`, errors);
}
