import { isCidr, isIpAddress } from '../ip-address.ts';

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const dateTime = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const hostname = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)*\.?$/i;
const duration = /^[-+]?(?:\d+(?:\.\d*)?\s*(?:ns|us|µs|ms|s|m|h|d|w))+$/;

function isUri(text: string): boolean {
  try {
    return new URL(text).protocol !== '';
  } catch {
    return false;
  }
}

/** Formats of texts that Kubernetes checks; all others are accepted. */
const texts: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text)),
  datetime: (text) => dateTime.test(text) && !Number.isNaN(Date.parse(text)),
  date: (text) => /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)),
  uri: isUri,
  email: (text) => /^[^@\s]+@[^@\s]+$/.test(text),
  hostname: (text) => text.length <= 253 && hostname.test(text),
  ipv4: (text) => !text.includes(':') && isIpAddress(text),
  ipv6: (text) => text.includes(':') && isIpAddress(text),
  cidr: isCidr,
  mac: (text) => /^(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text),
  uuid: (text) => uuid.test(text),
  uuid3: (text) => uuid.test(text),
  uuid4: (text) => uuid.test(text),
  uuid5: (text) => uuid.test(text),
  byte: (text) => base64.test(text),
  duration: (text) => text === '0' || duration.test(text),
};

/**
 * True if a value has the format, or nobody checks the format.
 * Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
 */
export function checkFormat(format: string, value: string | number): boolean {
  if (typeof value === 'number') return format !== 'int32' || Math.abs(value) < 2 ** 31;
  return !Object.hasOwn(texts, format) || texts[format]!(value);
}
