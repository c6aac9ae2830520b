import type { Client } from '../../api/client.ts';
import type { KindDescriptor } from '../../api/kind.ts';
import type { KubeObject, Stored } from '../../api/object.ts';

interface Owner {
  readonly metadata: { readonly namespace?: string; readonly uid: string };
}

/** The objects of a kind whose controller is `owner`. */
export function controlledBy<M extends KubeObject>(client: Client, kind: KindDescriptor<M>, owner: Owner): readonly Stored<M>[] {
  const { namespace, uid } = owner.metadata;
  return client
    .list(kind, { namespace })
    .filter((object) => object.metadata.ownerReferences?.some((each) => each.uid === uid && each.controller === true) === true);
}
