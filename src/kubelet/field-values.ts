import type { Container, Quantity, ResourceFieldSelector } from '../api/generated/models.ts';
import { Quantity as Amount } from '../api/quantity.ts';
import type { StoredPod } from './pod-containers.ts';

/** What a pod can be told of itself besides what its object says. */
export interface PodFacts {
  readonly podIps: readonly string[];
  readonly hostIp: string;
  /** What a container without a limit may use at most. */
  readonly allocatable: Readonly<Record<string, Quantity>>;
}

const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/;

/**
 * The value of a `fieldRef`; undefined if the downward API has no such field.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */
export function fieldValue(pod: StoredPod, fieldPath: string, facts: PodFacts): string | undefined {
  const { metadata, spec } = pod;
  switch (fieldPath) {
    case 'metadata.name':
      return metadata.name;
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid;
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.nodeName':
      return spec?.nodeName ?? '';
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIp;
    case 'status.podIP':
      return facts.podIps[0] ?? '';
    case 'status.podIPs':
      return facts.podIps.join(',');
    default: {
      const [, map, key] = keyed.exec(fieldPath) ?? [];
      if (key === undefined) return undefined;
      return (map === 'labels' ? metadata.labels : metadata.annotations)?.[key] ?? '';
    }
  }
}

/** Labels or annotations as the downward API writes them: `key="value"`, by key, one a line. */
function lines(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** The value of a `resourceFieldRef` as a whole number of divisors, rounded up; a message if there is no such container. */
export function resourceValue(
  pod: StoredPod,
  own: Container,
  ref: ResourceFieldSelector,
  facts: PodFacts,
): { readonly value: string } | string {
  const named = ref.containerName === undefined || ref.containerName === '' ? own : findContainer(pod, ref.containerName);
  if (named === undefined) return `container ${ref.containerName ?? ''} not found`;
  const [list, ...rest] = ref.resource.split('.');
  const resource = rest.join('.');
  if (list !== 'limits' && list !== 'requests') return `unsupported container resource : ${ref.resource}`;
  const { limits, requests } = named.resources ?? {};
  const amount = list === 'limits' ? (limits?.[resource] ?? facts.allocatable[resource]) : (requests?.[resource] ?? '0');
  const divisor = Amount.parse(ref.divisor === undefined || ref.divisor === '0' || ref.divisor === 0 ? '1' : ref.divisor);
  const { nano } = Amount.parse(amount ?? '0');
  return { value: String((nano + divisor.nano - 1n) / divisor.nano) };
}

function findContainer(pod: StoredPod, name: string): Container | undefined {
  return pod.spec?.containers.find((each) => each.name === name) ?? pod.spec?.initContainers?.find((each) => each.name === name);
}
