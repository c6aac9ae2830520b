import type { PodManifest, PodSpec } from '../api/generated/models.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { defaultPodSpec, defaultTerminationGracePeriodSeconds, podSpecOfPod } from './pod/default-pod-spec.ts';
import { qosClassOf } from './pod/quality-of-service.ts';

export const podKind: KindDescriptor<PodManifest> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  model: 'Pod',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: true,
  sharesSpec: true,
  // Nothing runs for a Pod that is bound to no node or has ended: there is nobody to be graceful to.
  gracePeriodSeconds: (pod) =>
    (pod.spec?.nodeName ?? '') === '' || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'
      ? 0
      : (pod.spec?.terminationGracePeriodSeconds ?? defaultTerminationGracePeriodSeconds),
  applyDefaults: (draft) => {
    if (draft.spec === undefined) return;
    defaultPodSpec(draft.spec);
    draft.spec = podSpecOfPod(draft.spec) as Draft<PodSpec>;
  },
  prepareForCreate: (draft) => {
    draft.status = { phase: 'Pending', ...(draft.spec?.containers === undefined ? {} : { qosClass: qosClassOf(draft.spec) }) };
  },
  prepareForUpdate: (draft, old) => {
    if (old.status !== undefined) draft.status = old.status as NonNullable<typeof draft.status>;
  },
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIP ?? '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
};
