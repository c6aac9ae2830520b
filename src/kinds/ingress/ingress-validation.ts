import { goValue } from '../../api/go-value.ts';
import type { FieldErrors } from '../../api/field-errors.ts';
import type {
  HTTPIngressPath,
  IngressBackend,
  IngressManifest,
  IngressServiceBackend,
  IngressSpec,
  TypedLocalObjectReference,
} from '../../api/generated/models.ts';
import { isIpAddress } from '../../api/ip-address.ts';
import { checkDns1035Label, checkDns1123Subdomain, checkPathSegment, checkPortName } from '../../api/names.ts';
import { validateDnsSubdomain, validateIp, validateName, validateOptionalChoice, validatePortNumber } from '../field-checks.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEndings = ['/..', '/.'];
const wildcardWords =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function validateHost(host: string, path: string, errors: FieldErrors): void {
  if (!host.includes('*')) return validateDnsSubdomain(host, path, errors);
  if (host.length > 253) errors.invalid(path, host, 'must be no more than 253 characters');
  if (!host.startsWith('*.') || checkDns1123Subdomain(host.slice(2)).length > 0) errors.invalid(path, host, wildcardWords);
}

/** A reference to an object of any kind in the same namespace. */
export function validateTypedReference(reference: TypedLocalObjectReference, path: string, errors: FieldErrors): void {
  if (reference.apiGroup !== undefined) validateDnsSubdomain(reference.apiGroup, `${path}.apiGroup`, errors);
  for (const field of ['kind', 'name'] as const) {
    if (reference[field] === '') errors.required(`${path}.${field}`);
    else validateName(checkPathSegment, reference[field], `${path}.${field}`, errors);
  }
}

function validateService({ name, port }: IngressServiceBackend, path: string, errors: FieldErrors): void {
  if (name === '') errors.required(`${path}.service.name`);
  else validateName(checkDns1035Label, name, `${path}.service.name`, errors);
  const { name: portName = '', number = 0 } = port ?? {};
  if (portName !== '' && number !== 0) errors.invalid(path, '', 'cannot set both port name & port number');
  else if (portName !== '') validateName(checkPortName, portName, `${path}.service.port.name`, errors);
  else if (number !== 0) validatePortNumber(number, `${path}.service.port.number`, errors);
  else errors.required(path, 'port name or number is required');
}

function validateBackend({ resource, service }: IngressBackend, path: string, errors: FieldErrors): void {
  if (resource !== undefined && service !== undefined) errors.invalid(path, '', 'cannot set both resource and service backends');
  else if (resource !== undefined) validateTypedReference(resource, `${path}.resource`, errors);
  else if (service !== undefined) validateService(service, path, errors);
  else errors.invalid(path, '', 'resource or service backend is required');
}

function validateHttpPath(rule: HTTPIngressPath, at: string, errors: FieldErrors): void {
  const { path = '', pathType } = rule;
  if (pathType === '') return errors.required(`${at}.pathType`, 'pathType must be specified');
  validateOptionalChoice(pathType, pathTypes, `${at}.pathType`, errors);
  const exact = pathType === 'Exact' || pathType === 'Prefix';
  if (!path.startsWith('/') && (exact || path !== '')) errors.invalid(`${at}.path`, path, 'must be an absolute path');
  if (exact) {
    for (const sequence of badSequences) if (path.includes(sequence)) errors.invalid(`${at}.path`, path, `must not contain '${sequence}'`);
    for (const ending of badEndings) if (path.endsWith(ending)) errors.invalid(`${at}.path`, path, `cannot end with '${ending}'`);
  }
  validateBackend(rule.backend, `${at}.backend`, errors);
}

function validateRules(spec: IngressSpec, errors: FieldErrors): void {
  for (const [r, { host = '', http }] of (spec.rules ?? []).entries()) {
    const path = `spec.rules[${r}]`;
    if (host !== '') {
      if (isIpAddress(host)) errors.invalid(`${path}.host`, host, 'must be a DNS name, not an IP address');
      validateHost(host, `${path}.host`, errors);
    }
    if (http === undefined) continue;
    if (http.paths.length === 0) errors.required(`${path}.http.paths`);
    for (const [p, rule] of http.paths.entries()) validateHttpPath(rule, `${path}.http.paths[${p}]`, errors);
  }
}

export function validateIngress(ingress: IngressManifest, errors: FieldErrors): void {
  const spec = ingress.spec ?? {};
  if ((spec.rules ?? []).length === 0 && spec.defaultBackend === undefined) {
    errors.invalid('spec', goValue('[]networking.IngressRule', undefined), 'either `defaultBackend` or `rules` must be specified');
  }
  if (spec.defaultBackend !== undefined) validateBackend(spec.defaultBackend, 'spec.defaultBackend', errors);
  validateRules(spec, errors);
  for (const [t, { hosts = [], secretName = '' }] of (spec.tls ?? []).entries()) {
    for (const [h, host] of hosts.entries()) validateHost(host, `spec.tls[${t}].hosts[${h}]`, errors);
    if (secretName !== '') validateDnsSubdomain(secretName, `spec.tls[${t}].secretName`, errors);
  }
  if (spec.ingressClassName !== undefined) validateDnsSubdomain(spec.ingressClassName, 'spec.ingressClassName', errors);
}

export function validateNewIngress({ metadata, spec }: IngressManifest, errors: FieldErrors): void {
  const annotation = metadata?.annotations?.[classAnnotation];
  if (annotation !== undefined && spec?.ingressClassName !== undefined && annotation !== spec.ingressClassName) {
    errors.invalid(`annotations.${classAnnotation}`, annotation, 'must match `ingressClassName` when both are specified');
  }
}

export function validateIngressStatus({ status }: IngressManifest, errors: FieldErrors): void {
  for (const [i, { ip = '', hostname = '' }] of (status?.loadBalancer?.ingress ?? []).entries()) {
    const path = `status.loadBalancer.ingress[${i}]`;
    if (ip !== '') validateIp(ip, `${path}.ip`, errors);
    if (hostname === '') continue;
    validateDnsSubdomain(hostname, `${path}.hostname`, errors);
    if (isIpAddress(hostname)) errors.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address');
  }
}
