import type { KindDescriptor } from './api/kind.ts';
import type { KubeObject } from './api/object.ts';
import { namespaceKind } from './kinds/namespace.ts';
import { priorityClassKind } from './kinds/priority-class.ts';

/** What every cluster has from the start, in the order in which it is made. */
export function bootstrapObjects(): readonly { readonly kind: KindDescriptor; readonly object: KubeObject }[] {
  const namespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
    kind: namespaceKind as KindDescriptor,
    object: { metadata: { name } },
  }));
  const priorities = [
    {
      name: 'system-cluster-critical',
      value: 2_000_000_000,
      description: 'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
    },
    {
      name: 'system-node-critical',
      value: 2_000_001_000,
      description: 'Used for system critical pods that must not be moved from their current node.',
    },
  ].map(({ name, value, description }) => ({
    kind: priorityClassKind as KindDescriptor,
    object: { metadata: { name }, value, description } as KubeObject,
  }));
  return [...namespaces, ...priorities];
}
