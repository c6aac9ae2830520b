import type { FieldErrors } from '../../api/field-errors.ts';
import type { PersistentVolumeClaimSpec, TypedObjectReference } from '../../api/generated/models.ts';
import { validateLabelSelector } from '../../api/label-validation.ts';
import { checkDns1123Label } from '../../api/names.ts';
import { Quantity } from '../../api/quantity.ts';
import { validateDnsSubdomain, validateName, validateOptionalChoice, validateRequired } from '../field-checks.ts';
import { validateResourceAmount } from '../resource-names.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

const shortModes: readonly (readonly [mode: string, short: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

/** `RWO,ROX`, as listings have them. */
export function accessModesText(modes: readonly string[] | undefined): string {
  const given = shortModes.filter(([mode]) => modes?.includes(mode) === true);
  return given.map(([, short]) => short).join(',');
}

/** Known modes, and ReadWriteOncePod only alone. */
export function validateAccessModes(modes: readonly string[], path: string, errors: FieldErrors): void {
  for (const mode of modes) if (!accessModes.includes(mode)) errors.notSupported(path, mode, accessModes);
  const others = modes.filter((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  if (modes.includes('ReadWriteOncePod') && others.length > 0)
    errors.forbidden(path, 'may not use ReadWriteOncePod with other access modes');
}

function validateStorageRequest(spec: PersistentVolumeClaimSpec, path: string, errors: FieldErrors): void {
  const request = spec.resources?.requests?.['storage'];
  if (request === undefined) return errors.required(path);
  const amount = Quantity.parse(request);
  if (amount.isNegative || amount.isZero) errors.invalid(path, amount.toString(), 'must be greater than zero');
  else validateResourceAmount('storage', request, path, errors);
}

function validateDataSource(source: TypedObjectReference, path: string, errors: FieldErrors): void {
  validateRequired(source.name, `${path}.name`, errors);
  validateRequired(source.kind, `${path}.kind`, errors);
  const group = source.apiGroup ?? '';
  if (group !== '') validateDnsSubdomain(group, `${path}.apiGroup`, errors);
  else if (source.kind !== 'PersistentVolumeClaim') {
    errors.invalid(path, source.kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  }
  if (source.namespace !== undefined && source.namespace !== '')
    validateName(checkDns1123Label, source.namespace, `${path}.namespace`, errors);
}

function validateDataSources({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, path: string, errors: FieldErrors): void {
  if (dataSource !== undefined) validateDataSource(dataSource, `${path}.dataSource`, errors);
  if (dataSourceRef !== undefined) validateDataSource(dataSourceRef, `${path}.dataSourceRef`, errors);
  if (dataSource === undefined || dataSourceRef === undefined) return;
  if (dataSourceRef.namespace !== undefined && dataSourceRef.namespace !== '') {
    errors.invalid(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (
    dataSource.apiGroup !== dataSourceRef.apiGroup ||
    dataSource.kind !== dataSourceRef.kind ||
    dataSource.name !== dataSourceRef.name
  ) {
    errors.invalid(path, `${path}.dataSource`, 'must match dataSourceRef');
  }
}

/** The spec of a claim, in a PersistentVolumeClaim or in a template of one. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec | undefined, path: string, errors: FieldErrors): void {
  const modes = spec?.accessModes ?? [];
  if (modes.length === 0) errors.required(`${path}.accessModes`, 'at least 1 access mode is required');
  validateLabelSelector(spec?.selector, `${path}.selector`, errors);
  validateAccessModes(modes, `${path}.accessModes`, errors);
  validateStorageRequest(spec ?? {}, `${path}.resources[storage]`, errors);
  if (spec === undefined) return;
  if (spec.storageClassName !== undefined && spec.storageClassName !== '') {
    validateDnsSubdomain(spec.storageClassName, `${path}.storageClassName`, errors);
  }
  validateOptionalChoice(spec.volumeMode, ['Block', 'Filesystem'], `${path}.volumeMode`, errors);
  validateDataSources(spec, path, errors);
}
