import type { FieldErrors } from '../../api/field-errors.ts';
import type { LoadBalancerStatus, ServiceManifest, ServicePort, ServiceSpec } from '../../api/generated/models.ts';
import { isIpAddress } from '../../api/ip-address.ts';
import { validateLabels } from '../../api/label-validation.ts';
import {
  validateChoice,
  validateCidr,
  validateDnsLabel,
  validateDnsSubdomain,
  validateIp,
  validateNonSpecialIp,
  validateOptionalChoice,
  validatePort,
  validatePortNumber,
  validateQualifiedName,
} from '../field-checks.ts';
import { isHeadless, validateClusterIps, validateClusterIpsUpdate, validateFamiliesUpdate } from './cluster-ips.ts';
import { isExternallyAccessible, needsClusterIp, needsHealthCheckPort } from './service-defaults.ts';

const affinitySecondsMax = 86_400;
const sourceRangesAnnotation = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const topologyMode = 'service.kubernetes.io/topology-mode';
const topologyHints = 'service.kubernetes.io/topology-aware-hints';
const onlyForLoadBalancers = "may only be used when `type` is 'LoadBalancer'";

function validateType(spec: ServiceSpec, errors: FieldErrors): void {
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(spec)) {
    errors.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
  }
  if (spec.type !== 'ExternalName') return;
  const words = 'may not be set for ExternalName services';
  if ((spec.clusterIPs ?? []).length > 0) errors.forbidden('spec.clusterIPs', words);
  if ((spec.ipFamilies ?? []).length > 0) errors.forbidden('spec.ipFamilies', words);
  if (spec.ipFamilyPolicy !== undefined) errors.forbidden('spec.ipFamilyPolicy', words);
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.required('spec.externalName');
  else validateDnsSubdomain(name, 'spec.externalName', errors);
}

function validatePortItself(port: ServicePort, needsName: boolean, path: string, errors: FieldErrors): void {
  const { name = '' } = port;
  if (name !== '') validateDnsLabel(name, `${path}.name`, errors);
  else if (needsName) errors.required(`${path}.name`);
  validatePortNumber(port.port, `${path}.port`, errors);
  validateChoice(port.protocol, ['SCTP', 'TCP', 'UDP'], `${path}.protocol`, errors);
  if (port.targetPort !== undefined) validatePort(port.targetPort, `${path}.targetPort`, errors);
  if (port.appProtocol !== undefined) validateQualifiedName(port.appProtocol, `${path}.appProtocol`, errors);
}

function validatePorts(spec: ServiceSpec, errors: FieldErrors): void {
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') errors.required('spec.ports');
  const seen = new Set<string>();
  const taken = (key: string): boolean => seen.size === seen.add(key).size;
  for (const [i, port] of ports.entries()) {
    const path = `spec.ports[${i}]`;
    const { name = '', nodePort = 0, protocol = '' } = port;
    validatePortItself(port, ports.length > 1, path, errors);
    if (name !== '' && taken(`name ${name}`)) errors.duplicate(`${path}.name`, name);
    if (nodePort !== 0 && spec.type === 'ClusterIP') errors.forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'");
    if (nodePort !== 0 && taken(`nodePort ${protocol} ${nodePort}`)) errors.duplicate(`${path}.nodePort`, nodePort);
    if (taken(`port ${protocol} ${port.port}`)) errors.duplicate(path, { protocol, port: port.port });
  }
}

function validateSessionAffinity(spec: ServiceSpec, errors: FieldErrors): void {
  validateChoice(spec.sessionAffinity, ['ClientIP', 'None'], 'spec.sessionAffinity', errors);
  const path = 'spec.sessionAffinityConfig';
  const config = spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'None' && config !== undefined) errors.forbidden(path, 'must not be set when session affinity is None');
  if (spec.sessionAffinity !== 'ClientIP') return;
  const words = 'when session affinity type is ClientIP';
  const seconds = config?.clientIP?.timeoutSeconds;
  if (config === undefined) errors.required(path, words);
  else if (config.clientIP === undefined) errors.required(`${path}.clientIP`, words);
  else if (seconds === undefined) errors.required(`${path}.clientIP.timeoutSeconds`, words);
  else if (seconds <= 0 || seconds > affinitySecondsMax) {
    errors.invalid(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${affinitySecondsMax}`);
  }
}

function validateExternalIps(addresses: readonly string[], errors: FieldErrors): void {
  for (const [i, address] of addresses.entries()) {
    const path = `spec.externalIPs[${i}]`;
    if (isIpAddress(address)) validateNonSpecialIp(address, path, errors);
    else validateIp(address, path, errors);
  }
}

function validateSourceRanges(service: ServiceManifest, spec: ServiceSpec, errors: FieldErrors): void {
  const ranges = spec.loadBalancerSourceRanges ?? [];
  const annotation = service.metadata?.annotations?.[sourceRangesAnnotation];
  const ofSpec = ranges.length > 0;
  if (!ofSpec && annotation === undefined) return;
  const path = ofSpec ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${sourceRangesAnnotation}]`;
  if (spec.type !== 'LoadBalancer') errors.forbidden(path, onlyForLoadBalancers);
  if (ofSpec) for (const range of ranges) validateCidr(range.trim(), path, errors);
  else if (annotation!.trim() !== '') for (const range of annotation!.split(',')) validateCidr(range.trim(), path, errors);
}

function validateLoadBalancer(spec: ServiceSpec, errors: FieldErrors): void {
  const balanced = spec.type === 'LoadBalancer';
  if (spec.allocateLoadBalancerNodePorts !== undefined && !balanced)
    errors.forbidden('spec.allocateLoadBalancerNodePorts', onlyForLoadBalancers);
  if (spec.allocateLoadBalancerNodePorts === undefined && balanced) errors.required('allocateLoadBalancerNodePorts');
  if (spec.loadBalancerClass === undefined) return;
  if (balanced) validateQualifiedName(spec.loadBalancerClass, 'spec.loadBalancerClass', errors);
  else errors.forbidden('spec.loadBalancerClass', onlyForLoadBalancers);
}

function validateTrafficPolicies(spec: ServiceSpec, errors: FieldErrors): void {
  const policy = spec.externalTrafficPolicy ?? '';
  if (isExternallyAccessible(spec)) validateChoice(policy, ['Cluster', 'Local'], 'spec.externalTrafficPolicy', errors);
  else if (policy !== '') errors.invalid('spec.externalTrafficPolicy', policy, 'may only be set for externally-accessible services');
  const port = spec.healthCheckNodePort ?? 0;
  if (!needsHealthCheckPort(spec)) {
    const words = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    if (port !== 0) errors.invalid('spec.healthCheckNodePort', port, words);
  } else if (port === 0) errors.required('spec.healthCheckNodePort');
  else validatePortNumber(port, 'spec.healthCheckNodePort', errors);
  if (spec.internalTrafficPolicy === undefined && needsClusterIp(spec)) errors.required('spec.internalTrafficPolicy');
  validateOptionalChoice(spec.internalTrafficPolicy, ['Cluster', 'Local'], 'spec.internalTrafficPolicy', errors);
  validateOptionalChoice(spec.trafficDistribution, ['PreferClose'], 'spec.trafficDistribution', errors);
}

export function validateService(service: ServiceManifest, errors: FieldErrors): void {
  const spec = service.spec ?? {};
  const annotations = service.metadata?.annotations ?? {};
  const hints = annotations[topologyHints];
  const mode = annotations[topologyMode];
  if (mode !== undefined && hints !== undefined && mode !== hints) {
    errors.invalid(`metadata.annotations[${topologyMode}]`, mode, `must match annotations[${topologyHints}] when both are specified`);
  }
  validateType(spec, errors);
  validatePorts(spec, errors);
  validateLabels(spec.selector, 'spec.selector', errors);
  validateSessionAffinity(spec, errors);
  if (spec.type !== 'ExternalName') validateClusterIps(spec, errors);
  validateExternalIps(spec.externalIPs ?? [], errors);
  validateChoice(spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'], 'spec.type', errors);
  validateSourceRanges(service, spec, errors);
  validateLoadBalancer(spec, errors);
  validateTrafficPolicies(spec, errors);
}

export function validateServiceUpdate(service: ServiceManifest, old: ServiceManifest, errors: FieldErrors): void {
  const spec = service.spec ?? {};
  const before = old.spec ?? {};
  validateClusterIpsUpdate(spec, before, errors);
  validateFamiliesUpdate(spec, before, errors);
  if (spec.type === 'LoadBalancer' && before.type === 'LoadBalancer' && spec.loadBalancerClass !== before.loadBalancerClass) {
    errors.invalid('spec.loadBalancerClass', spec.loadBalancerClass, 'may not change once set');
  }
  if (needsHealthCheckPort(spec) && needsHealthCheckPort(before) && spec.healthCheckNodePort !== before.healthCheckNodePort) {
    errors.forbidden('spec.healthCheckNodePort', 'field is immutable');
  }
}

function validateIngressPoints(status: LoadBalancerStatus, errors: FieldErrors): void {
  for (const [i, { ip = '', hostname = '', ipMode }] of (status.ingress ?? []).entries()) {
    const path = `status.loadBalancer.ingress[${i}]`;
    if (ip !== '') validateIp(ip, `${path}.ip`, errors);
    if (ipMode === undefined) {
      if (ip !== '') errors.required(`${path}.ipMode`, 'must be specified when `ip` is set');
    } else if (ip === '') errors.forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set');
    else validateOptionalChoice(ipMode, ['Proxy', 'VIP'], `${path}.ipMode`, errors);
    if (hostname === '') continue;
    validateDnsSubdomain(hostname, `${path}.hostname`, errors);
    if (isIpAddress(hostname)) errors.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address');
  }
}

export function validateServiceStatus(service: ServiceManifest, errors: FieldErrors): void {
  const balancer = service.status?.loadBalancer ?? {};
  const points = balancer.ingress ?? [];
  if (points.length > 0 && service.spec?.type !== 'LoadBalancer') {
    errors.forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'");
  } else validateIngressPoints(balancer, errors);
}
