import type { AdmissionStep } from '../api/admission.ts';
import type { PodManifest } from '../api/generated/models.ts';
import { forbidden } from '../api/status-errors.ts';
import { podKind } from '../kinds/pod.ts';

/**
 * Refuses Pods that ask for a RuntimeClass, or for what only one may give: this cluster has none.
 * Source: https://kubernetes.io/docs/concepts/containers/runtime-class/
 */
export const runtimeClass: AdmissionStep = {
  name: 'RuntimeClass',
  validate: ({ operation, kind, subresource, object }) => {
    if (operation !== 'CREATE' || kind.kind !== 'Pod' || kind.group !== '' || subresource !== '') return;
    const { metadata, spec } = object as PodManifest;
    const name = spec?.runtimeClassName;
    if (name !== undefined) throw forbidden(podKind, metadata?.name ?? '', `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
    if (Object.keys(spec?.overhead ?? {}).length > 0) {
      throw forbidden(podKind, metadata?.name ?? '', 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
    }
  },
};
