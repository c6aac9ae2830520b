import { goValue } from '../../api/go-value.ts';
import { deepEqual } from '../../api/deep-equal.ts';
import type { FieldErrors } from '../../api/field-errors.ts';
import type { ServiceSpec } from '../../api/generated/models.ts';
import { isIpv6Address } from '../../api/ip-address.ts';
import type { Draft } from '../../api/kind.ts';
import { validateIp, validateOptionalChoice } from '../field-checks.ts';

/*
 * `clusterIP` and `clusterIPs` say the same, the older one for one address; and the families of the addresses.
 * Source: https://kubernetes.io/docs/concepts/services-networking/dual-stack/
 */

const once = 'may not change once set';

export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';
}

/** Brings the two into line for a client that knows only the older one. */
export function alignClusterIps(spec: Draft<ServiceSpec>, old: ServiceSpec | undefined): void {
  const { clusterIP = '', clusterIPs = [] } = spec;
  if (old === undefined) {
    if (clusterIP !== '' && clusterIPs.length === 0) spec.clusterIPs = [clusterIP];
    return;
  }
  const before = old.clusterIP ?? '';
  if (clusterIPs.length === 0 && old.clusterIPs !== undefined && before === clusterIP) spec.clusterIPs = [...old.clusterIPs];
  if (before === clusterIP || !deepEqual(clusterIPs, old.clusterIPs ?? [])) return;
  if (clusterIP === '') delete spec.clusterIPs;
  else spec.clusterIPs = [clusterIP];
}

function validateInLine({ clusterIP = '', clusterIPs = [] }: ServiceSpec, errors: FieldErrors): void {
  const path = 'spec.clusterIPs';
  if (clusterIP === '') {
    if (clusterIPs.length > 0) errors.invalid(path, clusterIPs, 'must be empty when `clusterIP` is not specified');
  } else if (clusterIPs.length === 0) errors.required(path);
  else if (clusterIPs[0] !== clusterIP) errors.invalid(path, clusterIPs, 'first value must match `clusterIP`');
}

/** False if an address is none, so that their families cannot be told. */
function validateAddresses(addresses: readonly string[], errors: FieldErrors): boolean {
  const before = errors.causes.length;
  for (const [i, address] of addresses.entries()) {
    if (i > 0 || address !== 'None') validateIp(address, `spec.clusterIPs[${i}]`, errors);
    else if (addresses.length > 1) errors.invalid('spec.clusterIPs', addresses, "'None' must be the first and only value");
  }
  const fine = errors.causes.length === before;
  if (addresses.length > 2) errors.invalid('spec.clusterIPs', addresses, 'may only hold up to 2 values');
  return fine;
}

function validateFamilies(families: readonly string[], errors: FieldErrors): void {
  for (const [i, family] of families.entries()) {
    validateOptionalChoice(family, ['IPv4', 'IPv6'], `spec.ipFamilies[${i}]`, errors);
    if (families.indexOf(family) < i) errors.duplicate(`spec.ipFamilies[${i}]`, family);
  }
}

export function validateClusterIps(spec: ServiceSpec, errors: FieldErrors): void {
  const { clusterIPs = [], ipFamilies = [] } = spec;
  validateInLine(spec, errors);
  validateFamilies(ipFamilies, errors);
  validateOptionalChoice(spec.ipFamilyPolicy, ['PreferDualStack', 'RequireDualStack', 'SingleStack'], 'spec.ipFamilyPolicy', errors);
  if (!validateAddresses(clusterIPs, errors)) return;
  const sixes = clusterIPs.filter(isIpv6Address).length;
  if (sixes > 1 || clusterIPs.length - sixes > 1) {
    errors.invalid('spec.clusterIPs', clusterIPs, 'may specify no more than one IP for each IP family');
  }
  if (isHeadless(spec)) return;
  for (const [i, address] of clusterIPs.entries()) {
    const family = isIpv6Address(address) ? 'IPv6' : 'IPv4';
    const expected = ipFamilies[i];
    if ((expected === 'IPv4' || expected === 'IPv6') && expected !== family) {
      errors.invalid(`spec.clusterIPs[${i}]`, address, `expected an ${expected} value as indicated by \`ipFamilies[${i}]\``);
    }
  }
}

/** The first address stays; a second one may be added, or given up by asking for a single stack. */
export function validateClusterIpsUpdate(spec: ServiceSpec, old: ServiceSpec, errors: FieldErrors): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName') return;
  if (isHeadless(spec) && isHeadless(old)) return;
  const now = spec.clusterIPs ?? [];
  const before = old.clusterIPs ?? [];
  if (now.length === before.length) {
    for (const [i, address] of before.entries()) if (now[i] !== address) errors.invalid(`spec.clusterIPs[${i}]`, now, once);
    return;
  }
  if (now.length < before.length && now.length === 0)
    errors.invalid('spec.clusterIPs[0]', goValue('[]string', undefined), 'primary clusterIP can not be unset');
  if (now.length > 0 && before.length > 0 && now[0] !== before[0]) errors.invalid('spec.clusterIPs[0]', now, once);
  if (now.length === 1 && before.length > 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary clusterIP");
  }
}

export function validateFamiliesUpdate(spec: ServiceSpec, old: ServiceSpec, errors: FieldErrors): void {
  if (spec.type === 'ExternalName' || old.type === 'ExternalName' || isHeadless(spec) || isHeadless(old)) return;
  const now = spec.ipFamilies ?? [];
  const before = old.ipFamilies ?? [];
  const path = 'spec.ipFamilies[0]';
  if (now.length === before.length) {
    for (const [i, family] of before.entries()) if (now[i] !== family) errors.invalid(path, now, once);
    return;
  }
  if (now.length < before.length && (spec.clusterIPs ?? []).length === 0)
    errors.invalid(path, goValue('[]core.IPFamily', undefined), 'primary ipFamily can not be unset');
  if (now.length > 0 && before.length > 0 && now[0] !== before[0]) errors.invalid(path, goValue('[]string', spec.clusterIPs), once);
  if (now.length === 1 && before.length > 1 && spec.ipFamilyPolicy !== 'SingleStack') {
    errors.invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, "must be set to 'SingleStack' when releasing the secondary ipFamily");
  }
}
