import type { KindDescriptor } from './kind.ts';

/*
 * Each check gives what is wrong with a text, in Kubernetes' words; an empty list means it is fine.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
 */

const fine: readonly string[] = [];
const dnsLabel = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const dns1035Label = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
const qualifiedPart = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const configKey = /^[-._a-zA-Z0-9]+$/;

const labelMax = 63;
const subdomainMax = 253;

const subdomainWords =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const labelWords =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const dns1035Words =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const qualifiedWords =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const labelValueWords =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const configKeyWords =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

function tooLong(max: number): string {
  return `must be no more than ${max} characters`;
}

function check(value: string, max: number, pattern: RegExp, words: string): readonly string[] {
  if (value.length <= max && pattern.test(value)) return fine;
  const problems: string[] = [];
  if (value.length > max) problems.push(tooLong(max));
  if (!pattern.test(value)) problems.push(words);
  return problems;
}

/** One DNS label (RFC 1123): up to 63 of `a-z 0-9 -`. */
export function checkDns1123Label(value: string): readonly string[] {
  return check(value, labelMax, dnsLabel, labelWords);
}

/** DNS labels joined by dots: up to 253 characters. */
export function checkDns1123Subdomain(value: string): readonly string[] {
  return check(value, subdomainMax, dnsSubdomain, subdomainWords);
}

/** A DNS label that begins with a letter (RFC 1035), as Services have. */
export function checkDns1035Label(value: string): readonly string[] {
  return check(value, labelMax, dns1035Label, dns1035Words);
}

/** What may stand in a URL path: RBAC names and the like. */
export function checkPathSegment(value: string): readonly string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%'].filter((c) => value.includes(c)).map((c) => `may not contain '${c}'`);
}

/** A qualified name (`app`, `example.com/app`): the keys of labels and annotations, finalizers, resource names. */
export function checkQualifiedName(value: string): readonly string[] {
  const slash = value.indexOf('/');
  const problems: string[] = [];
  let name = value;
  if (slash >= 0) {
    if (value.includes('/', slash + 1))
      return [`a qualified name ${qualifiedWords} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
    const prefix = value.slice(0, slash);
    name = value.slice(slash + 1);
    if (prefix === '') problems.push('prefix part must be non-empty');
    else for (const problem of checkDns1123Subdomain(prefix)) problems.push(`prefix part ${problem}`);
  }
  if (name === '') problems.push('name part must be non-empty');
  else if (name.length > labelMax) problems.push(`name part ${tooLong(labelMax)}`);
  if (!qualifiedPart.test(name)) problems.push(`name part ${qualifiedWords}`);
  return problems.length === 0 ? fine : problems;
}

/** The value of a label: empty, or up to 63 of `A-Z a-z 0-9 - _ .`. */
export function checkLabelValue(value: string): readonly string[] {
  if (value === '') return fine;
  return check(value, labelMax, qualifiedPart, labelValueWords);
}

/** A key of a ConfigMap or Secret: a file name. */
export function checkConfigKey(value: string): readonly string[] {
  const problems = [...check(value, subdomainMax, configKey, configKeyWords)];
  if (value === '.') problems.push("must not be '.'");
  else if (value === '..') problems.push("must not be '..'");
  else if (value.startsWith('..')) problems.push("must not start with '..'");
  return problems;
}

/** The name of a container's or Service's port: up to 15 of `a-z 0-9 -`, with a letter. */
export function checkPortName(value: string): readonly string[] {
  const problems: string[] = [];
  if (value.length > 15) problems.push(tooLong(15));
  if (!/^[-a-z0-9]+$/.test(value)) problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)');
  if (value.includes('--')) problems.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

/** The name of an object of a kind. `prefix`: a generateName, which may end with a dash. */
export function checkObjectName(rule: KindDescriptor['nameRule'], value: string, prefix = false): readonly string[] {
  if (rule === 'path-segment') return checkPathSegment(value);
  const name = prefix && value.length > 1 && value.endsWith('-') ? `${value.slice(0, -2)}a` : value;
  if (rule === 'dns1123-subdomain') return checkDns1123Subdomain(name);
  return rule === 'dns1123-label' ? checkDns1123Label(name) : checkDns1035Label(name);
}
