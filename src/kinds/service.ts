import type { ServiceManifest, ServiceSpec } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';

const sessionAffinityTimeoutSeconds = 10_800;

function defaultSessionAffinity(spec: Draft<ServiceSpec>): void {
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: sessionAffinityTimeoutSeconds } };
  }
}

function defaultServiceSpec(spec: Draft<ServiceSpec>): void {
  defaultSessionAffinity(spec);
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    if (Object.isFrozen(port)) continue;
    port.protocol ||= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  const reachable = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  const externallyAccessible = reachable || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
  if (externallyAccessible) spec.externalTrafficPolicy ||= 'Cluster';
  if (reachable || spec.type === 'ClusterIP') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

export const serviceKind: KindDescriptor<ServiceManifest> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  model: 'Service',
  nameRule: 'dns1035-label',
  hasGeneration: false,
  hasStatus: true,
  applyDefaults: (draft) => {
    draft.spec ??= {};
    if (!Object.isFrozen(draft.spec)) defaultServiceSpec(draft.spec);
    for (const ingress of draft.status?.loadBalancer?.ingress ?? []) {
      if (ingress.ip !== undefined && ingress.ip !== '' && !Object.isFrozen(ingress)) ingress.ipMode ??= 'VIP';
    }
  },
  prepareForCreate: (draft) => {
    draft.status = { loadBalancer: {} };
  },
  selectableFields: {
    'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
    'spec.type': (service) => service.spec?.type ?? '',
  },
};
