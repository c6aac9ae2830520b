import type { SandboxConfig } from '../runtimes/runtime.ts';
import type { StoredPod } from './pod-containers.ts';

/** What the cluster says about names. */
export interface ClusterNames {
  readonly nodeName: string;
  /** `cluster.local`. */
  readonly clusterDomain: string;
  /** Addresses of the cluster's DNS; empty if it has none. */
  readonly clusterDns: readonly string[];
}

const labelLengthMax = 63;

/**
 * The name a pod's containers see as their own.
 * Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-hostname-and-subdomain-fields
 */
export function hostnameOf(pod: StoredPod, { nodeName, clusterDomain }: ClusterNames): string {
  const { spec, metadata } = pod;
  if (spec?.hostNetwork === true) return nodeName;
  const short = spec?.hostname ?? metadata.name.slice(0, labelLengthMax).replace(/[-.]+$/, '');
  const subdomain = spec?.subdomain ?? '';
  if (spec?.setHostnameAsFQDN !== true || subdomain === '') return short;
  return `${short}.${subdomain}.${metadata.namespace}.svc.${clusterDomain}`;
}

/**
 * How a pod resolves names; undefined: as its machine does.
 * Source: https://kubernetes.io/docs/concepts/services-networking/dns-pod-service/#pod-s-dns-policy
 */
export function dnsOf(pod: StoredPod, { clusterDns, clusterDomain }: ClusterNames): SandboxConfig['dns'] {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? { containers: [] };
  const ofCluster =
    clusterDns.length > 0 && (dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && hostNetwork !== true));
  if (!ofCluster && dnsConfig === undefined) return undefined;
  const searches = [`${pod.metadata.namespace}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain];
  const base = ofCluster ? { nameservers: clusterDns, searches, options: ['ndots:5'] } : { nameservers: [], searches: [], options: [] };
  const options = new Map([...base.options, ...(dnsConfig?.options ?? []).map(optionText)].map((text) => [text.split(':', 1)[0], text]));
  return {
    nameservers: unique([...base.nameservers, ...(dnsConfig?.nameservers ?? [])]),
    searches: unique([...base.searches, ...(dnsConfig?.searches ?? [])]),
    options: [...options.values()],
  };
}

const optionText = ({ name = '', value }: { readonly name?: string; readonly value?: string }): string =>
  value === undefined ? name : `${name}:${value}`;

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];
