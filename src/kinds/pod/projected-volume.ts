import type { FieldErrors } from '../../api/field-errors.ts';
import type {
  ClusterTrustBundleProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from '../../api/generated/models.ts';
import { validateLabelSelector } from '../../api/label-validation.ts';
import { validateDnsSubdomain, validateFileMode, validateRequired } from '../field-checks.ts';
import { validateVolumePath } from '../path-checks.ts';
import { validateDownwardApiFile } from './downward-api.ts';
import { validateKeyToPath } from './volume-sources.ts';

const tokenSecondsMin = 10 * 60;
const tokenSecondsMax = 2 ** 32;

/** Notes the path of a file, and whether another one has it. */
type Claim = (file: string, shown: string) => void;

function validateToken(token: ServiceAccountTokenProjection, volume: string, path: string, errors: FieldErrors): void {
  const seconds = token.expirationSeconds ?? 0;
  if (seconds < tokenSecondsMin) errors.invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes');
  if (seconds > tokenSecondsMax)
    errors.invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds');
  // Kubernetes names the volume here, not the source.
  if (token.path === '') errors.required(`${volume}.path`);
  else validateVolumePath(token.path, `${volume}.path`, errors);
}

function validateTrustBundle(bundle: ClusterTrustBundleProjection, path: string, errors: FieldErrors): void {
  const { name, signerName } = bundle;
  if (name !== undefined && signerName !== undefined) errors.invalid(path, bundle, 'only one of name and signerName may be used');
  else if (name !== undefined) {
    if (name === '') errors.required(`${path}.name`, 'must be a valid object name');
    if (bundle.labelSelector !== undefined) {
      errors.invalid(`${path}.labelSelector`, bundle.labelSelector, 'labelSelector must be unset if name is specified');
    }
  } else if (signerName === undefined) errors.required(path, 'either name or signerName must be specified');
  else {
    if (signerName === '') errors.required(`${path}.signerName`, 'must be a valid signer name');
    else validateDnsSubdomain(signerName.split('/')[0]!, `${path}.signerName`, errors);
    validateLabelSelector(bundle.labelSelector, `${path}.labelSelector`, errors);
  }
  validateRequired(bundle.path, `${path}.path`, errors);
  validateVolumePath(bundle.path, `${path}.path`, errors);
}

function validateSource(source: VolumeProjection, volume: string, path: string, claim: Claim, errors: FieldErrors): void {
  for (const kind of ['secret', 'configMap'] as const) {
    const projection = source[kind];
    if (projection === undefined) continue;
    validateRequired(projection.name, `${path}.${kind}.name`, errors);
    for (const [i, item] of (projection.items ?? []).entries()) {
      validateKeyToPath(item, `${path}.${kind}.items[${i}]`, errors);
      claim(item.path, projection.name ?? '');
    }
  }
  for (const file of source.downwardAPI?.items ?? []) {
    validateDownwardApiFile(file, `${path}.downwardAPI`, errors);
    claim(file.path, file.path);
  }
  if (source.serviceAccountToken !== undefined) validateToken(source.serviceAccountToken, volume, `${path}.serviceAccountToken`, errors);
  if (source.clusterTrustBundle !== undefined) {
    validateTrustBundle(source.clusterTrustBundle, `${path}.clusterTrustBundle`, errors);
    claim(source.clusterTrustBundle.path, source.clusterTrustBundle.path);
  }
  if (source.podCertificate !== undefined) errors.forbidden(`${path}.podCertificate`, 'is not supported');
  const given = Object.values(source).filter((projection) => projection !== undefined).length;
  if (given > 1) errors.forbidden(path, 'may not specify more than 1 volume type per source');
}

export function validateProjectedVolume(volume: ProjectedVolumeSource, path: string, errors: FieldErrors): void {
  validateFileMode(volume.defaultMode, `${path}.defaultMode`, errors);
  const files = new Set<string>();
  const claim: Claim = (file, shown) => {
    if (file === '') return;
    if (files.has(file)) errors.invalid(path, shown, 'conflicting duplicate paths');
    files.add(file);
  };
  for (const [i, source] of (volume.sources ?? []).entries()) validateSource(source, path, `${path}.sources[${i}]`, claim, errors);
}
