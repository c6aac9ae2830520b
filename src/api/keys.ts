import type { KindDescriptor } from './kind.ts';

type Resource = Pick<KindDescriptor, 'group' | 'plural' | 'storedAs'>;

/** Where the objects of a kind live in the store: `core/pods/`, `apps/deployments/`. A second name of a kind leads to the same place. */
export function kindPrefix(kind: Resource): string {
  const { group, plural } = kind.storedAs?.kind ?? kind;
  return `${group === '' ? 'core' : group}/${plural}/`;
}

/** Where the objects of a kind in one namespace live; of the kind itself if it has no namespaces or none is given. */
export function namespacePrefix(kind: Resource & Pick<KindDescriptor, 'namespaced'>, namespace: string | undefined): string {
  return kind.namespaced && namespace !== undefined ? `${kindPrefix(kind)}${namespace}/` : kindPrefix(kind);
}

/** The store's key of one object. */
export function objectKey(kind: Resource & Pick<KindDescriptor, 'namespaced'>, namespace: string | undefined, name: string): string {
  return kind.namespaced ? `${kindPrefix(kind)}${namespace ?? ''}/${name}` : `${kindPrefix(kind)}${name}`;
}
