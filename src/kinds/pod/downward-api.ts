import type { FieldErrors } from '../../api/field-errors.ts';
import type { DownwardAPIVolumeFile, ObjectFieldSelector, ResourceFieldSelector } from '../../api/generated/models.ts';
import { Quantity } from '../../api/quantity.ts';
import { validateFileMode, validateQualifiedName } from '../field-checks.ts';
import { validateVolumePath } from '../path-checks.ts';

/*
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */

const knownFields: ReadonlySet<string> = new Set([
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.serviceAccountName',
  'spec.schedulerName',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]);
const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const resourceFields = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const byteDivisors = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];

/** A field of the pod: `metadata.name`, `metadata.labels['app']`. `fields` are those that can be read where the selector stands. */
export function validateObjectField(selector: ObjectFieldSelector, fields: readonly string[], path: string, errors: FieldErrors): void {
  if (selector.apiVersion === undefined || selector.apiVersion === '') return errors.required(`${path}.apiVersion`);
  if (selector.fieldPath === '') return errors.required(`${path}.fieldPath`);
  const subscripted = /^(.+)\['(.+)'\]$/s.exec(selector.fieldPath);
  const field = subscripted?.[1] ?? selector.fieldPath;
  const convertible = subscripted === null ? knownFields.has(field) : field === 'metadata.annotations' || field === 'metadata.labels';
  if (selector.apiVersion !== 'v1') {
    const why = `error converting fieldPath: unsupported pod version: ${selector.apiVersion}`;
    return errors.invalid(`${path}.fieldPath`, selector.fieldPath, why);
  }
  if (!convertible) {
    const why =
      subscripted === null ? `field label not supported: ${field}` : `field label does not support subscript: ${selector.fieldPath}`;
    return errors.invalid(`${path}.fieldPath`, selector.fieldPath, `error converting fieldPath: ${why}`);
  }
  if (subscripted !== null) {
    const key = subscripted[2]!;
    validateQualifiedName(field === 'metadata.annotations' ? key.toLowerCase() : key, path, errors);
  } else if (!fields.includes(field)) {
    errors.notSupported(`${path}.fieldPath`, field, fields);
  }
}

function validateDivisor(selector: ResourceFieldSelector, path: string, errors: FieldErrors): void {
  const divisor = Quantity.parse(selector.divisor ?? '0');
  if (divisor.isZero) return;
  const resource = /^(?:limits|requests)\.(.+)$/.exec(selector.resource)?.[1];
  if (resource === 'cpu') {
    const fits = ['1', '1m'].includes(divisor.toString());
    if (!fits) errors.invalid(`${path}.divisor`, selector.resource, "only divisor's values 1m and 1 are supported with the cpu resource");
    return;
  }
  const what = resource === 'memory' ? 'memory' : resource === 'ephemeral-storage' ? 'local ephemeral storage' : 'hugepages';
  const counted = what !== 'hugepages' || resource?.startsWith('hugepages-') === true;
  if (counted && !byteDivisors.includes(divisor.toString())) {
    errors.invalid(
      `${path}.divisor`,
      selector.resource,
      `only divisor's values ${byteDivisors.join(', ')} are supported with the ${what} resource`,
    );
  }
}

/** A resource of a container: `limits.cpu`. In a volume the container must be named. */
export function validateContainerField(selector: ResourceFieldSelector, path: string, errors: FieldErrors, inVolume: boolean): void {
  if (inVolume && (selector.containerName === undefined || selector.containerName === '')) errors.required(`${path}.containerName`);
  else if (selector.resource === '') errors.required(`${path}.resource`);
  else if (!resourceFields.includes(selector.resource) && !/^(?:limits|requests)\.hugepages-/.test(selector.resource)) {
    errors.notSupported(`${path}.resource`, selector.resource, resourceFields);
  }
  validateDivisor(selector, path, errors);
}

/** One file of a downward API volume. Kubernetes puts all its problems at the volume, without the index of the file. */
export function validateDownwardApiFile(file: DownwardAPIVolumeFile, path: string, errors: FieldErrors): void {
  if (file.path === '') errors.required(`${path}.path`);
  validateVolumePath(file.path, `${path}.path`, errors);
  if (file.fieldRef !== undefined) {
    validateObjectField(file.fieldRef, volumeFields, `${path}.fieldRef`, errors);
    if (file.resourceFieldRef !== undefined)
      errors.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (file.resourceFieldRef !== undefined) {
    validateContainerField(file.resourceFieldRef, `${path}.resourceFieldRef`, errors, true);
  } else {
    errors.required(path, 'one of fieldRef and resourceFieldRef is required');
  }
  validateFileMode(file.mode, `${path}.mode`, errors);
}
