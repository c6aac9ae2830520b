import type { FieldErrors } from '../../api/field-errors.ts';
import type { HostAlias, PodDNSConfig, PodSpec } from '../../api/generated/models.ts';
import { validateDnsSubdomain, validateIp } from '../field-checks.ts';

const nameserversMax = 3;
const searchesMax = 32;
const searchCharactersMax = 2048;
const subdomainWithUnderscores = /^[a-z0-9_]([-_a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const searchWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";

function validateSearches(searches: readonly string[], path: string, errors: FieldErrors): void {
  if (searches.length > searchesMax) errors.invalid(path, searches, `must not have more than ${searchesMax} search paths`);
  if (searches.join(' ').length > searchCharactersMax) {
    errors.invalid(path, searches, `must not have more than ${searchCharactersMax} characters (including spaces) in the search list`);
  }
  for (const [i, search] of searches.entries()) {
    if (search === '.') continue;
    const name = search.endsWith('.') ? search.slice(0, -1) : search;
    if (name.length > 253) errors.invalid(`${path}[${i}]`, name, 'must be no more than 253 characters');
    if (!subdomainWithUnderscores.test(name)) errors.invalid(`${path}[${i}]`, name, searchWords);
  }
}

function validateConfig(config: PodDNSConfig, path: string, errors: FieldErrors): void {
  const nameservers = config.nameservers ?? [];
  if (nameservers.length > nameserversMax) {
    errors.invalid(`${path}.nameservers`, nameservers, `must not have more than ${nameserversMax} nameservers`);
  }
  for (const [i, nameserver] of nameservers.entries()) validateIp(nameserver, `${path}.nameservers[${i}]`, errors);
  validateSearches(config.searches ?? [], `${path}.searches`, errors);
  for (const [i, option] of (config.options ?? []).entries()) {
    if (option.name === undefined || option.name === '') errors.required(`${path}.options[${i}]`, 'must not be empty');
  }
}

export function validateDnsConfig({ dnsConfig, dnsPolicy }: PodSpec, path: string, errors: FieldErrors): void {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) return errors.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
    if ((dnsConfig.nameservers ?? []).length === 0) {
      return errors.required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None');
    }
  }
  if (dnsConfig !== undefined) validateConfig(dnsConfig, path, errors);
}

export function validateHostAliases(aliases: readonly HostAlias[], path: string, errors: FieldErrors): void {
  for (const [i, alias] of aliases.entries()) {
    validateIp(alias.ip, `${path}[${i}].ip`, errors);
    for (const [h, name] of (alias.hostnames ?? []).entries()) validateDnsSubdomain(name, `${path}[${i}].hostnames[${h}]`, errors);
  }
}
