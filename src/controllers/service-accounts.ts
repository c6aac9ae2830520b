import { namespaceKind } from '../kinds/namespace.ts';
import { serviceAccountKind } from '../kinds/service-account.ts';
import type { Controller } from './controller.ts';

/**
 * Every namespace has a ServiceAccount called `default`.
 * Source: https://kubernetes.io/docs/concepts/security/service-accounts/#default-service-accounts
 */
export const serviceAccounts: Controller = {
  name: 'service-account',
  triggers: [
    { kind: namespaceKind, keys: ({ object }) => [object.metadata.name] },
    {
      kind: serviceAccountKind,
      keys: ({ type, object }) => (type === 'deleted' && object.metadata.namespace !== undefined ? [object.metadata.namespace] : []),
    },
  ],
  reconcile(view, namespace) {
    const home = view.get(namespaceKind, undefined, namespace);
    if (home === undefined || home.metadata.deletionTimestamp !== undefined) return { writes: [] };
    if (view.get(serviceAccountKind, namespace, 'default') !== undefined) return { writes: [] };
    return {
      writes: [
        {
          verb: 'create',
          kind: serviceAccountKind,
          object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'default' } },
        },
      ],
    };
  },
};
