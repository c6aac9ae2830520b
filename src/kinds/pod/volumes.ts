import type { FieldErrors } from '../../api/field-errors.ts';
import type { EphemeralVolumeSource, StorageOSVolumeSource, Volume } from '../../api/generated/models.ts';
import { validateAnnotations, validateLabels } from '../../api/label-validation.ts';
import { checkDns1123Subdomain } from '../../api/names.ts';
import { validateDnsLabel, validateRequired } from '../field-checks.ts';
import { validateDescendingPath } from '../path-checks.ts';
import { validateClaimSpec } from '../persistent-volume-claim/claim-spec.ts';
import { validateProjectedVolume } from './projected-volume.ts';
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
} from './volume-drivers.ts';
import type { KnownVolumes } from './volume-mounts.ts';
import {
  validateConfigMapVolume,
  validateCsiVolume,
  validateDownwardApiVolume,
  validateEmptyDir,
  validateHostPath,
  validateImageVolume,
  validateNfs,
  validateSecretVolume,
} from './volume-sources.ts';

type SourceName = Exclude<keyof Volume, 'name'>;
type SourceCheck<K extends SourceName> = (source: NonNullable<Volume[K]>, path: string, errors: FieldErrors) => void;

const needs =
  (...fields: readonly string[]) =>
  (source: object, path: string, errors: FieldErrors): void =>
    validateRequiredFields(source, fields, path, errors);

function validateEphemeral(source: EphemeralVolumeSource, path: string, errors: FieldErrors): void {
  const template = source.volumeClaimTemplate;
  const at = `${path}.volumeClaimTemplate`;
  if (template === undefined) return errors.required(at);
  validateAnnotations(template.metadata?.annotations, `${at}.metadata.annotations`, errors);
  validateLabels(template.metadata?.labels, `${at}.metadata.labels`, errors);
  for (const [field, value] of Object.entries(template.metadata ?? {})) {
    if (value !== undefined && field !== 'annotations' && field !== 'labels') errors.forbidden(`${at}.metadata.${field}`, 'cannot be set');
  }
  validateClaimSpec(template.spec, `${at}.spec`, errors);
}

function validateStorageOs(source: StorageOSVolumeSource, path: string, errors: FieldErrors): void {
  const { volumeName = '', volumeNamespace = '' } = source;
  if (volumeName === '') errors.required(`${path}.volumeName`);
  else validateDnsLabel(volumeName, `${path}.volumeName`, errors);
  if (volumeNamespace !== '') validateDnsLabel(volumeNamespace, `${path}.volumeNamespace`, errors);
  if (source.secretRef !== undefined) validateRequired(source.secretRef.name, `${path}.secretRef.name`, errors);
}

/** In Kubernetes' order: of two sources the later one is refused. */
const sourceChecks: { readonly [K in SourceName]-?: SourceCheck<K> } = {
  emptyDir: validateEmptyDir,
  hostPath: validateHostPath,
  gitRepo: (source, path, errors) => {
    validateRequired(source.repository, `${path}.repository`, errors);
    validateDescendingPath(source.directory ?? '', `${path}.directory`, errors);
  },
  gcePersistentDisk: (source, path, errors) => {
    const at = path.replace(/gcePersistentDisk$/, 'persistentDisk');
    validateRequired(source.pdName, `${at}.pdName`, errors);
    validatePartition(source.partition, at, errors);
  },
  awsElasticBlockStore: (source, path, errors) => {
    validateRequired(source.volumeID, `${path}.volumeID`, errors);
    validatePartition(source.partition, path, errors);
  },
  secret: validateSecretVolume,
  nfs: validateNfs,
  iscsi: (source, path, errors) => validateIscsi(source, true, path, errors),
  glusterfs: needs('endpoints', 'path'),
  flocker: validateFlocker,
  persistentVolumeClaim: needs('claimName'),
  rbd: needs('monitors', 'image'),
  cinder: (source, path, errors) => {
    validateRequired(source.volumeID, `${path}.volumeID`, errors);
    if (source.secretRef !== undefined) validateRequired(source.secretRef.name, `${path}.secretRef.name`, errors);
  },
  cephfs: needs('monitors'),
  quobyte: validateQuobyte,
  downwardAPI: validateDownwardApiVolume,
  fc: validateFibreChannel,
  flexVolume: (source, path, errors) => {
    validateRequired(source.driver, `${path}.driver`, errors);
    validateFlexOptions(source.options, path, errors);
  },
  configMap: validateConfigMapVolume,
  azureFile: needs('secretName', 'shareName'),
  vsphereVolume: needs('volumePath'),
  photonPersistentDisk: needs('pdID'),
  portworxVolume: needs('volumeID'),
  azureDisk: validateAzureDisk,
  storageos: validateStorageOs,
  projected: validateProjectedVolume,
  scaleIO: needs('gateway', 'system', 'volumeName'),
  csi: validateCsiVolume,
  ephemeral: validateEphemeral,
  image: validateImageVolume,
};
const sourceNames = Object.keys(sourceChecks) as readonly SourceName[];

/** One volume by itself: its name and its one source. */
function validateVolume(volume: Volume, path: string, errors: FieldErrors): void {
  let sources = 0;
  for (const name of sourceNames) {
    const source = volume[name];
    if (source === undefined) continue;
    sources += 1;
    if (sources > 1) errors.forbidden(`${path}.${name}`, 'may not specify more than 1 volume type');
    else (sourceChecks[name] as SourceCheck<typeof name>)(source as never, `${path}.${name}`, errors);
  }
  if (sources === 0) errors.required(path, 'must specify a volume type');
  const problem = volume.iscsi === undefined ? undefined : iscsiInterfaceProblem(volume.name, volume.iscsi);
  if (problem !== undefined) errors.invalid(`${path}.name`, volume.name, problem);
  if (volume.name === '') errors.required(`${path}.name`);
  else validateDnsLabel(volume.name, `${path}.name`, errors);
}

/** The claims that are made for the pod's ephemeral volumes carry its name. */
function validateClaimName(volume: Volume, podName: string, path: string, errors: FieldErrors): void {
  const claim = `${podName}-${volume.name}`;
  for (const problem of checkDns1123Subdomain(claim))
    errors.invalid(`${path}.name`, volume.name, `PVC name ${JSON.stringify(claim)}: ${problem}`);
}

/** Checks all volumes; gives those that are fine, which mounts may name. `podName` is '' in a template. */
export function validateVolumes(volumes: readonly Volume[] | undefined, podName: string, path: string, errors: FieldErrors): KnownVolumes {
  const known = new Map<string, Volume>();
  const named = podName === '' ? [] : (volumes ?? []);
  const claims = new Set(named.filter((volume) => volume.ephemeral !== undefined).map((volume) => `${podName}-${volume.name}`));
  for (const [i, volume] of (volumes ?? []).entries()) {
    const at = `${path}[${i}]`;
    const before = errors.causes.length;
    errors.check(validateVolume, volume, at);
    if (volume.ephemeral !== undefined && podName !== '' && volume.name !== '') validateClaimName(volume, podName, at, errors);
    if (known.has(volume.name)) errors.duplicate(`${at}.name`, volume.name);
    if (errors.causes.length === before) known.set(volume.name, volume);
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (claimName !== undefined && claims.has(claimName)) {
      errors.invalid(
        `${at}.persistentVolumeClaim.claimName`,
        claimName,
        'must not reference a PVC that gets created for an ephemeral volume',
      );
    }
  }
  return known;
}
