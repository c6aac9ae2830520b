import type { PodManifest, PodSpec } from '../api/generated/models.ts';
import type { FieldErrors } from '../api/field-errors.ts';
import type { Draft, KindDescriptor } from '../api/kind.ts';
import { validatePodAnnotations, validateProfilesMatch } from './pod/annotations.ts';
import { podColumns } from './pod/pod-columns.ts';
import { validatePodSpec } from './pod/pod-spec.ts';
import { validatePodStatusUpdate } from './pod/pod-status.ts';
import { validatePodUpdate } from './pod/pod-update.ts';
import { defaultPodSpec, defaultTerminationGracePeriodSeconds, podSpecOfPod } from './pod/default-pod-spec.ts';
import { qosClassOf } from './pod/quality-of-service.ts';

function validateSpecOfAnyPod(spec: PodSpec, path: string, errors: FieldErrors): void {
  validatePodSpec(spec, '', path, errors);
}

/** What every pod must fulfil, new or changed. */
function validatePod(pod: PodManifest, errors: FieldErrors): void {
  const spec = pod.spec ?? { containers: [] };
  validatePodAnnotations(pod.metadata?.annotations, spec, 'metadata.annotations', errors);
  // Only claims that are made for a pod's volumes depend on its name; everything else is the same for all pods of a template.
  if (spec.volumes?.some((volume) => volume.ephemeral !== undefined) === true)
    validatePodSpec(spec, pod.metadata?.name ?? '', 'spec', errors);
  else errors.check(validateSpecOfAnyPod, spec, 'spec');
  if ((spec.serviceAccountName ?? '') !== '') return;
  for (const [v, volume] of (spec.volumes ?? []).entries()) {
    for (const [s, source] of (volume.projected?.sources ?? []).entries()) {
      if (source.serviceAccountToken === undefined) continue;
      const path = `spec.volumes[${v}].projected.sources[${s}].serviceAccountToken`;
      errors.forbidden(path, 'must not be specified when serviceAccountName is not set');
    }
  }
}

function validateNewPod(pod: PodManifest, errors: FieldErrors): void {
  const spec = pod.spec;
  if (spec === undefined) return;
  if ((spec.ephemeralContainers ?? []).length > 0) errors.forbidden('spec.ephemeralContainers', 'cannot be set on create');
  if ((spec.nodeName ?? '') !== '' && (spec.schedulingGates ?? []).length > 0) {
    errors.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
  }
  validateProfilesMatch(pod.metadata?.annotations, spec, 'spec', errors);
}

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
  returnsDeleted: true,
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
  validate: validatePod,
  validateCreate: validateNewPod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
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
  columns: podColumns,
};
