import type { KindDescriptor } from './kind.ts';

/** Where the objects of a kind live in the store: `core/pods/`, `apps/deployments/`. */
export function kindPrefix(kind: Pick<KindDescriptor, 'group' | 'plural'>): string {
  return `${kind.group === '' ? 'core' : kind.group}/${kind.plural}/`;
}

/** Where the objects of a kind in one namespace live; of the kind itself if it has no namespaces or none is given. */
export function namespacePrefix(kind: Pick<KindDescriptor, 'group' | 'plural' | 'namespaced'>, namespace: string | undefined): string {
  return kind.namespaced && namespace !== undefined ? `${kindPrefix(kind)}${namespace}/` : kindPrefix(kind);
}

/** The store's key of one object. */
export function objectKey(
  kind: Pick<KindDescriptor, 'group' | 'plural' | 'namespaced'>,
  namespace: string | undefined,
  name: string,
): string {
  return kind.namespaced ? `${kindPrefix(kind)}${namespace ?? ''}/${name}` : `${kindPrefix(kind)}${name}`;
}
