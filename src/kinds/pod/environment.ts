import type { FieldErrors } from '../../api/field-errors.ts';
import type { ConfigMapKeySelector, EnvFromSource, EnvVar, EnvVarSource } from '../../api/generated/models.ts';
import { checkConfigKey, checkDns1123Subdomain, checkObjectName } from '../../api/names.ts';
import { validateName } from '../field-checks.ts';
import { validateContainerField, validateObjectField } from './downward-api.ts';

const variableFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

const variableNameWords = "a valid environment variable name must consist only of printable ASCII characters other than '='";

function validateVariableName(name: string, path: string, errors: FieldErrors): void {
  if (!/^[ -<>-~]+$/.test(name)) errors.invalid(path, name, variableNameWords);
}

function validateKeyRef(ref: ConfigMapKeySelector, path: string, errors: FieldErrors): void {
  validateName(checkDns1123Subdomain, ref.name ?? '', `${path}.name`, errors);
  if (ref.key === '') errors.required(`${path}.key`);
  else validateName(checkConfigKey, ref.key, `${path}.key`, errors);
}

function validateSource(variable: EnvVar, source: EnvVarSource, path: string, errors: FieldErrors): void {
  let sources = 0;
  if (source.fieldRef !== undefined) {
    sources += 1;
    validateObjectField(source.fieldRef, variableFields, `${path}.fieldRef`, errors);
  }
  if (source.resourceFieldRef !== undefined) {
    sources += 1;
    validateContainerField(source.resourceFieldRef, `${path}.resourceFieldRef`, errors, false);
  }
  if (source.configMapKeyRef !== undefined) {
    sources += 1;
    validateKeyRef(source.configMapKeyRef, `${path}.configMapKeyRef`, errors);
  }
  if (source.secretKeyRef !== undefined) {
    sources += 1;
    validateKeyRef(source.secretKeyRef, `${path}.secretKeyRef`, errors);
  }
  if (sources === 0) errors.invalid(path, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`');
  else if (variable.value !== undefined && variable.value !== '')
    errors.invalid(path, '', 'may not be specified when `value` is not empty');
  else if (sources > 1) errors.invalid(path, '', 'may not have more than one field specified at a time');
}

export function validateEnv(variables: readonly EnvVar[] | undefined, path: string, errors: FieldErrors): void {
  for (const [i, variable] of (variables ?? []).entries()) {
    if (variable.name === '') errors.required(`${path}[${i}].name`);
    else validateVariableName(variable.name, `${path}[${i}].name`, errors);
    if (variable.valueFrom !== undefined) validateSource(variable, variable.valueFrom, `${path}[${i}].valueFrom`, errors);
  }
}

function validateObjectRef(ref: { readonly name?: string }, path: string, errors: FieldErrors): void {
  if (ref.name === undefined || ref.name === '') return errors.required(`${path}.name`);
  for (const problem of checkObjectName('dns1123-subdomain', ref.name, true)) errors.invalid(`${path}.name`, ref.name, problem);
}

export function validateEnvFrom(sources: readonly EnvFromSource[] | undefined, path: string, errors: FieldErrors): void {
  for (const [i, source] of (sources ?? []).entries()) {
    if (source.prefix !== undefined && source.prefix !== '') validateVariableName(source.prefix, `${path}[${i}].prefix`, errors);
    if (source.configMapRef !== undefined) validateObjectRef(source.configMapRef, `${path}[${i}].configMapRef`, errors);
    if (source.secretRef !== undefined) validateObjectRef(source.secretRef, `${path}[${i}].secretRef`, errors);
    if (source.configMapRef === undefined && source.secretRef === undefined) {
      errors.invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`');
    } else if (source.configMapRef !== undefined && source.secretRef !== undefined) {
      errors.invalid(path, '', 'may not have more than one field specified at a time');
    }
  }
}
