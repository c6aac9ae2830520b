import type { Container, PodSpec, Quantity } from '../../api/generated/models.ts';
import { Quantity as Amount } from '../../api/quantity.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const countedResources = ['cpu', 'memory'] as const;

function positive(text: Quantity | undefined): Amount | undefined {
  if (text === undefined) return undefined;
  const amount = Amount.parse(text);
  return amount.isZero || amount.isNegative ? undefined : amount;
}

function isGuaranteed(container: Container): boolean {
  return countedResources.every((name) => {
    const limit = positive(container.resources?.limits?.[name]);
    const request = positive(container.resources?.requests?.[name]);
    return limit !== undefined && (request === undefined || request.equals(limit));
  });
}

function asksForNothing(container: Container): boolean {
  const { limits, requests } = container.resources ?? {};
  if (limits === undefined && requests === undefined) return true;
  return countedResources.every((name) => positive(limits?.[name]) === undefined && positive(requests?.[name]) === undefined);
}

/**
 * Guaranteed if every container limits CPU and memory and requests as much; BestEffort if none asks for any; else Burstable.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/
 */
export function qosClassOf(spec: PodSpec): QosClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  if (containers.every(asksForNothing)) return 'BestEffort';
  return containers.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}
