import type { PodTemplateManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { column, labelsText, nameColumn } from './columns.ts';
import { defaultPodTemplate } from './pod/default-pod-spec.ts';
import { validatePodTemplate } from './pod/pod-spec.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

export const podTemplateKind: KindDescriptor<PodTemplateManifest> = {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  singular: 'podtemplate',
  shortNames: [],
  categories: [],
  namespaced: true,
  model: 'PodTemplate',
  nameRule: 'dns1123-subdomain',
  hasGeneration: false,
  hasStatus: false,
  returnsDeleted: true,
  applyDefaults: (draft) => defaultPodTemplate(draft.template),
  validate: (object, errors) => validatePodTemplate(object.template ?? {}, 'template', errors),
  columns: [
    nameColumn,
    column('Containers', (object) => (object.template?.spec?.containers ?? []).map(({ name }) => name).join(',')),
    column('Images', (object) => (object.template?.spec?.containers ?? []).map(({ image }) => image ?? '').join(',')),
    column('Pod Labels', (object) => labelsText(object.template?.metadata?.labels)),
  ],
};

/**
 * A Pod to be, kept for later.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1/
 */
export class PodTemplate extends Handle<PodTemplateManifest> {
  constructor(manifest: PodTemplateManifest, client?: Client) {
    super(podTemplateKind, manifest, client);
  }

  get template(): NonNullable<PodTemplateManifest['template']> {
    return this.object.template ?? {};
  }
}
