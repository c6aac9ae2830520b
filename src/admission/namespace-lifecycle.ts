import type { AdmissionStep } from '../api/admission.ts';
import { ForbiddenError } from '../errors.ts';
import { resourceName } from '../api/kind.ts';
import { forbidden, notFound } from '../api/status-errors.ts';
import { namespaceKind } from '../kinds/namespace.ts';

/** Namespaces that may not be deleted. */
const immortal: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Objects are made only in namespaces that exist and are not going; the namespaces every cluster has cannot go. */
export const namespaceLifecycle: AdmissionStep = {
  name: 'NamespaceLifecycle',
  mutate: ({ operation, kind, namespace, object, view }) => {
    if (operation !== 'CREATE' || !kind.namespaced || namespace === undefined) return undefined;
    const home = view.get(namespaceKind, undefined, namespace);
    if (home === undefined) throw notFound(namespaceKind, namespace);
    if (home.metadata.deletionTimestamp === undefined) return undefined;
    const name = object.metadata?.name ?? '';
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw new ForbiddenError(`${resourceName(kind)} ${JSON.stringify(name)} is forbidden: ${why}`, {
      name,
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.plural,
      causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
    });
  },
  validate: ({ operation, kind, object }) => {
    if (operation !== 'DELETE' || kind.kind !== 'Namespace' || kind.group !== '') return;
    const name = object.metadata?.name ?? '';
    if (immortal.has(name)) throw forbidden(kind, name, 'this namespace may not be deleted');
  },
};
