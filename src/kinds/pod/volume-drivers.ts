import type { FieldErrors } from '../../api/field-errors.ts';
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  ISCSIVolumeSource,
  QuobyteVolumeSource,
} from '../../api/generated/models.ts';
import { inclusiveRange, validateOptionalChoice, validateRange, validateRequired } from '../field-checks.ts';

/*
 * The sources of volumes that need a driver on the node, as far as pods and PersistentVolumes have them in common.
 */

/** Longest `<volume>:<portal>` that a node can use as an interface name. */
const iscsiInterfaceMax = 64;
const iqn = /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/;
const eui = /^eui.[A-Za-z0-9]{16}$/;
const naa = /^naa.[A-Za-z0-9]{32}$/;

/** A list of fields that must not be empty. */
export function validateRequiredFields(source: object, fields: readonly string[], path: string, errors: FieldErrors): void {
  for (const field of fields) {
    const value = (source as Readonly<Record<string, unknown>>)[field];
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) errors.required(`${path}.${field}`);
  }
}

function validateIscsiName(name: string, words: string, path: string, errors: FieldErrors): void {
  const pattern = name.startsWith('iqn') ? iqn : name.startsWith('eui') ? eui : name.startsWith('naa') ? naa : undefined;
  if (pattern === undefined) errors.invalid(path, name, words);
  else if (!pattern.test(name)) errors.invalid(path, name, 'must be valid format');
}

/** `inPod`: the words differ a little between pods and PersistentVolumes. */
export function validateIscsi(source: ISCSIVolumeSource, inPod: boolean, path: string, errors: FieldErrors): void {
  const words = inPod ? 'must be valid format starting with iqn, eui, or naa' : 'must be valid format';
  validateRequired(source.targetPortal, `${path}.targetPortal`, errors);
  if (source.iqn === '') errors.required(`${path}.iqn`);
  else validateIscsiName(source.iqn, words, `${path}.iqn`, errors);
  validateRange(source.lun, 0, 255, `${path}.lun`, errors);
  const authenticated = source.chapAuthDiscovery === true || source.chapAuthSession === true;
  if (authenticated && source.secretRef === undefined) errors.required(`${path}.secretRef`);
  if (!inPod && source.secretRef !== undefined) validateRequired(source.secretRef.name, `${path}.secretRef.name`, errors);
  if (source.initiatorName !== undefined) validateIscsiName(source.initiatorName, words, `${path}.initiatorname`, errors);
}

/** What is wrong with the interface name that a volume and its portal make; undefined if nothing is. */
export function iscsiInterfaceProblem(volume: string, source: ISCSIVolumeSource): string | undefined {
  if (source.initiatorName === undefined || `${volume}:${source.targetPortal}`.length <= iscsiInterfaceMax) return undefined;
  return 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.';
}

export function validateFibreChannel(source: FCVolumeSource, path: string, errors: FieldErrors): void {
  const names = source.targetWWNs ?? [];
  const ids = source.wwids ?? [];
  if (names.length === 0 && ids.length === 0)
    errors.required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both');
  if (names.length > 0 && ids.length > 0)
    errors.invalid(`${path}.targetWWNs`, names, 'targetWWNs and wwids can not be specified simultaneously');
  if (names.length === 0) return;
  if (source.lun === undefined) errors.required(`${path}.lun`, 'lun is required if targetWWNs is specified');
  else validateRange(source.lun, 0, 255, `${path}.lun`, errors);
}

/** Disks of GCE and AWS; the field's range is 0 to 255, though the message says otherwise. */
export function validatePartition(partition: number | undefined, path: string, errors: FieldErrors): void {
  if (partition !== undefined && (partition < 0 || partition > 255)) errors.invalid(`${path}.partition`, partition, inclusiveRange(1, 255));
}

export function validateFlocker(source: FlockerVolumeSource, path: string, errors: FieldErrors): void {
  const { datasetName = '', datasetUUID = '' } = source;
  if (datasetName === '' && datasetUUID === '') errors.required(path, 'one of datasetName and datasetUUID is required');
  if (datasetName !== '' && datasetUUID !== '')
    errors.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
  if (datasetName.includes('/')) errors.invalid(`${path}.datasetName`, datasetName, "must not contain '/'");
}

export function validateQuobyte(source: QuobyteVolumeSource, path: string, errors: FieldErrors): void {
  const words = 'must be a host:port pair or multiple pairs separated by commas';
  if (source.registry === '') errors.required(`${path}.registry`, words);
  else if ((source.tenant ?? '').length >= 65)
    errors.required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
  else {
    for (const pair of source.registry.split(',')) {
      if (!/^(\[[^\]]*\]|[^:[\]]*):[^:]*$/.test(pair)) errors.invalid(`${path}.registry`, source.registry, words);
    }
  }
  validateRequired(source.volume, `${path}.volume`, errors);
}

export function validateFlexOptions(options: Readonly<Record<string, string>> | undefined, path: string, errors: FieldErrors): void {
  for (const key of Object.keys(options ?? {})) {
    const namespace = `.${key.split('/')[0]!.toLowerCase()}`;
    const prefix = key.includes('/') ? namespace : `.${key.toLowerCase()}`;
    if (prefix.endsWith('.kubernetes.io') || prefix.endsWith('.k8s.io')) {
      errors.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
    }
  }
}

export function validateAzureDisk(source: AzureDiskVolumeSource, path: string, errors: FieldErrors): void {
  validateRequiredFields(source, ['diskName', 'diskURI'], path, errors);
  validateOptionalChoice(source.cachingMode, ['None', 'ReadOnly', 'ReadWrite'], `${path}.cachingMode`, errors);
  validateOptionalChoice(source.kind, ['Dedicated', 'Managed', 'Shared'], `${path}.kind`, errors);
  const managed = source.kind === 'Managed';
  if (managed && !source.diskURI.startsWith('/subscriptions/')) {
    const form = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}';
    errors.notSupported(`${path}.diskURI`, source.diskURI, [form]);
  }
  if (!managed && source.kind !== undefined && !source.diskURI.startsWith('https://')) {
    errors.notSupported(`${path}.diskURI`, source.diskURI, [
      'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
    ]);
  }
}
