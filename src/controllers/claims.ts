import type { LabelMatcher } from '../api/label-matcher.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject, Stored } from '../api/object.ts';
import type { PlannedWrite } from './controller.ts';
import { controllerOf, controllerRef } from './pods.ts';

type Claimable = Stored<KubeObject>;

/** What an owner has after it took in what matches and let go of what does not. */
export interface Claims<T> {
  readonly claimed: readonly T[];
  /** Adoptions and releases that make it so. */
  readonly writes: readonly PlannedWrite[];
}

/**
 * Adopts orphans that match the owner's selector, and releases what it controls but does not match any more. An owner on its
 * way out adopts nothing and releases nothing.
 */
export function claim<T extends Claimable>(
  ownerKind: KindDescriptor,
  owner: Claimable,
  kind: KindDescriptor,
  candidates: Iterable<T>,
  matcher: LabelMatcher,
): Claims<T> {
  const claimed: T[] = [];
  const writes: PlannedWrite[] = [];
  const leaving = owner.metadata.deletionTimestamp !== undefined;
  for (const object of candidates) {
    const controller = controllerOf(object);
    const matches = matcher.matches(object.metadata.labels);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) claimed.push(object);
      else if (!leaving)
        writes.push({
          verb: 'update',
          kind,
          object: withOwners(
            object,
            (object.metadata.ownerReferences ?? []).filter((each) => each.uid !== owner.metadata.uid),
          ),
        });
      continue;
    }
    if (!matches || leaving || object.metadata.deletionTimestamp !== undefined || object.metadata.namespace !== owner.metadata.namespace)
      continue;
    claimed.push(object);
    writes.push({
      verb: 'update',
      kind,
      object: withOwners(object, [...(object.metadata.ownerReferences ?? []), controllerRef(ownerKind, owner)]),
    });
  }
  return { claimed, writes };
}

function withOwners(object: Claimable, owners: NonNullable<Claimable['metadata']['ownerReferences']>): KubeObject {
  const metadata = { ...object.metadata };
  if (owners.length === 0) delete (metadata as { ownerReferences?: unknown }).ownerReferences;
  else (metadata as { ownerReferences?: unknown }).ownerReferences = owners;
  return { ...object, metadata };
}
