import type { FieldErrors } from '../../api/field-errors.ts';
import type { CSIPersistentVolumeSource, PersistentVolumeSpec, SecretReference } from '../../api/generated/models.ts';
import { validateDnsLabel, validateDnsSubdomain, validateRequired } from '../field-checks.ts';
import { validateNoBacksteps } from '../path-checks.ts';
import {
  iscsiInterfaceProblem,
  validateAzureDisk,
  validateFibreChannel,
  validateFlexOptions,
  validateFlocker,
  validateIscsi,
  validatePartition,
  validateQuobyte,
  validateRequiredFields,
} from '../pod/volume-drivers.ts';
import { validateCsiDriverName, validateHostPath, validateNfs } from '../pod/volume-sources.ts';

type SourceName =
  | 'hostPath'
  | 'gcePersistentDisk'
  | 'awsElasticBlockStore'
  | 'glusterfs'
  | 'flocker'
  | 'nfs'
  | 'rbd'
  | 'quobyte'
  | 'cephfs'
  | 'iscsi'
  | 'cinder'
  | 'fc'
  | 'flexVolume'
  | 'azureFile'
  | 'vsphereVolume'
  | 'photonPersistentDisk'
  | 'portworxVolume'
  | 'azureDisk'
  | 'scaleIO'
  | 'local'
  | 'storageos'
  | 'csi';
type SourceCheck<K extends SourceName> = (source: NonNullable<PersistentVolumeSpec[K]>, path: string, errors: FieldErrors) => void;

const needs =
  (...fields: readonly string[]) =>
  (source: object, path: string, errors: FieldErrors): void =>
    validateRequiredFields(source, fields, path, errors);

function validateSecretReference(ref: SecretReference | undefined, path: string, errors: FieldErrors): void {
  if (ref === undefined) return;
  const { name = '', namespace = '' } = ref;
  if (name === '') errors.required(`${path}.name`);
  else validateDnsSubdomain(name, `${path}.name`, errors);
  if (namespace === '') errors.required(`${path}.namespace`);
  else validateDnsLabel(namespace, `${path}.namespace`, errors);
}

function validateCsi(source: CSIPersistentVolumeSource, path: string, errors: FieldErrors): void {
  validateCsiDriverName(source.driver, `${path}.driver`, errors);
  validateRequired(source.volumeHandle, `${path}.volumeHandle`, errors);
  for (const field of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const) {
    validateSecretReference(source[field], `${path}.${field}`, errors);
  }
}

/** In Kubernetes' order: of two sources the later one is refused. */
const sourceChecks: { readonly [K in SourceName]: SourceCheck<K> } = {
  hostPath: validateHostPath,
  gcePersistentDisk: (source, path, errors) => {
    const at = path.replace(/gcePersistentDisk$/, 'persistentDisk');
    validateRequired(source.pdName, `${at}.pdName`, errors);
    validatePartition(source.partition, at, errors);
  },
  awsElasticBlockStore: (source, path, errors) => {
    validateRequired(source.volumeID, `${path}.volumeID`, errors);
    validatePartition(source.partition, path, errors);
  },
  glusterfs: (source, path, errors) => {
    validateRequiredFields(source, ['endpoints', 'path'], path, errors);
    const namespace = source.endpointsNamespace;
    if (namespace === '') {
      errors.invalid(`${path}.endpointsNamespace`, namespace, 'if the endpointnamespace is set, it must be a valid namespace name');
    } else if (namespace !== undefined) validateDnsLabel(namespace, `${path}.endpointsNamespace`, errors);
  },
  flocker: validateFlocker,
  nfs: validateNfs,
  rbd: needs('monitors', 'image'),
  quobyte: validateQuobyte,
  cephfs: needs('monitors'),
  iscsi: (source, path, errors) => validateIscsi(source, false, path, errors),
  cinder: (source, path, errors) => {
    validateRequired(source.volumeID, `${path}.volumeID`, errors);
    if (source.secretRef !== undefined) validateRequiredFields(source.secretRef, ['name', 'namespace'], `${path}.secretRef`, errors);
  },
  fc: validateFibreChannel,
  flexVolume: (source, path, errors) => {
    validateRequired(source.driver, `${path}.driver`, errors);
    validateFlexOptions(source.options, path, errors);
  },
  azureFile: (source, path, errors) => {
    validateRequiredFields(source, ['secretName', 'shareName'], path, errors);
    if (source.secretNamespace === '') errors.required(`${path}.secretNamespace`);
  },
  vsphereVolume: needs('volumePath'),
  photonPersistentDisk: needs('pdID'),
  portworxVolume: needs('volumeID'),
  azureDisk: validateAzureDisk,
  scaleIO: needs('gateway', 'system', 'volumeName'),
  local: (source, path, errors) => {
    if (source.path === '') errors.required(`${path}.path`);
    else validateNoBacksteps(source.path, `${path}.path`, errors);
  },
  storageos: (source, path, errors) => {
    const { volumeName = '', volumeNamespace = '' } = source;
    if (volumeName === '') errors.required(`${path}.volumeName`);
    else validateDnsLabel(volumeName, `${path}.volumeName`, errors);
    if (volumeNamespace !== '') validateDnsLabel(volumeNamespace, `${path}.volumeNamespace`, errors);
    if (source.secretRef !== undefined) validateRequiredFields(source.secretRef, ['name', 'namespace'], `${path}.secretRef`, errors);
  },
  csi: validateCsi,
};
const sourceNames = Object.keys(sourceChecks) as readonly SourceName[];

/** Only the fields of a spec that say what the volume is made of. */
export function sourceOf(spec: PersistentVolumeSpec): Readonly<Record<string, unknown>> {
  return Object.fromEntries(sourceNames.filter((name) => spec[name] !== undefined).map((name) => [name, spec[name]]));
}

/** Exactly one source, and that fit for use. */
export function validateVolumeSource(spec: PersistentVolumeSpec, volumeName: string, errors: FieldErrors): void {
  let sources = 0;
  for (const name of sourceNames) {
    const source = spec[name];
    if (source === undefined) continue;
    sources += 1;
    if (sources > 1 && name !== 'flexVolume') errors.forbidden(`spec.${name}`, 'may not specify more than 1 volume type');
    else (sourceChecks[name] as SourceCheck<typeof name>)(source as never, `spec.${name}`, errors);
  }
  if (sources === 0) errors.required('spec', 'must specify a volume type');
  const problem = spec.iscsi === undefined ? undefined : iscsiInterfaceProblem(volumeName, spec.iscsi);
  if (problem !== undefined) errors.invalid('spec.iscsi.targetportal', spec.iscsi?.targetPortal, problem);
}
