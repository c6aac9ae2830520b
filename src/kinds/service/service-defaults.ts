import { deepEqual } from '../../api/deep-equal.ts';
import type { ServiceSpec } from '../../api/generated/models.ts';
import type { Draft } from '../../api/kind.ts';
import { alignClusterIps } from './cluster-ips.ts';

const sessionAffinityTimeoutSeconds = 10_800;

type Type = Pick<ServiceSpec, 'type' | 'externalIPs' | 'externalTrafficPolicy' | 'allocateLoadBalancerNodePorts'>;

export function needsClusterIp({ type }: Type): boolean {
  return type === 'ClusterIP' || type === 'NodePort' || type === 'LoadBalancer';
}

export function needsNodePorts({ type, allocateLoadBalancerNodePorts }: Type): boolean {
  return type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);
}

export function isExternallyAccessible({ type, externalIPs = [] }: Type): boolean {
  return type === 'NodePort' || type === 'LoadBalancer' || (type === 'ClusterIP' && externalIPs.length > 0);
}

export function needsHealthCheckPort({ type, externalTrafficPolicy }: Type): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

function defaultSessionAffinity(spec: Draft<ServiceSpec>): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: sessionAffinityTimeoutSeconds } };
  }
}

/** Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/service-v1/#ServiceSpec */
export function defaultServiceSpec(spec: Draft<ServiceSpec>): void {
  defaultSessionAffinity(spec);
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    if (Object.isFrozen(port)) continue;
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (needsClusterIp(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

/** What the old Service was given and the new one does not mention, by a client that only replaces what it knows. */
function keepAllocated(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    if ((spec.clusterIP ?? '') === '' && (spec.clusterIPs ?? []).length === 0 && old.clusterIP !== undefined)
      spec.clusterIP = old.clusterIP;
    if ((spec.clusterIPs ?? []).length === 0 && spec.clusterIP === old.clusterIP && old.clusterIPs !== undefined)
      spec.clusterIPs = [...old.clusterIPs];
  }
  if (needsNodePorts(old) && needsNodePorts(spec)) keepNodePorts(spec, old);
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && old.healthCheckNodePort !== undefined) {
    spec.healthCheckNodePort ||= old.healthCheckNodePort;
  }
}

function keepNodePorts(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  const before = new Map((old.ports ?? []).map((port) => [port.name ?? '', port.nodePort ?? 0]));
  const used = new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0));
  for (const port of spec.ports ?? []) {
    const kept = before.get(port.name ?? '') ?? 0;
    if ((port.nodePort ?? 0) !== 0 || kept === 0 || used.has(kept)) continue;
    port.nodePort = kept;
    used.add(kept);
  }
}

function nodePorts(spec: ServiceSpec): ReadonlySet<number> {
  return new Set((spec.ports ?? []).map((port) => port.nodePort ?? 0));
}

/** What only the old type had, and what was not changed on purpose, goes with the type. */
function dropWithType(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if (spec.clusterIP === old.clusterIP && deepEqual(spec.clusterIPs, old.clusterIPs)) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    if (deepEqual(spec.ipFamilies, old.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (needsNodePorts(old) && !needsNodePorts(spec) && deepEqual([...nodePorts(spec)], [...nodePorts(old)])) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  const drop = <K extends 'healthCheckNodePort' | 'allocateLoadBalancerNodePorts' | 'loadBalancerClass' | 'externalTrafficPolicy'>(
    key: K,
  ): void => {
    if (spec[key] === old[key]) delete spec[key];
  };
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec)) drop('healthCheckNodePort');
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    drop('allocateLoadBalancerNodePorts');
    drop('loadBalancerClass');
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec)) drop('externalTrafficPolicy');
}

/** Before an update is validated: addresses and ports that were allocated are kept, those of a former type dropped. */
export function prepareServiceUpdate(spec: Draft<ServiceSpec>, old: ServiceSpec): void {
  keepAllocated(spec, old);
  alignClusterIps(spec, old);
  dropWithType(spec, old);
}
