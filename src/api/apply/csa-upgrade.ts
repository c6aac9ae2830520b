import type { KubeObject } from '../object.ts';
import type { ManagedFieldsEntry } from '../generated/models.ts';
import { FieldSet } from './field-set.ts';
import { lastAppliedAnnotation } from './last-applied.ts';
import { managerId, readManagers, writeManagers } from './managers.ts';
import type { ManagedSet } from './managers.ts';

const annotationPath = ['f:metadata', 'f:annotations', `f:${lastAppliedAnnotation}`];

/**
 * Hands the fields that client-side apply owns (as updates by `clientSideManagers`) to one applier, so that server-side apply
 * goes on where it stopped and removes what is no longer applied. The annotation with the last applied configuration stays out of it.
 */
export function upgradeClientSideApply(
  object: KubeObject,
  clientSideManagers: ReadonlySet<string>,
  applier: string,
): readonly ManagedFieldsEntry[] {
  const before = readManagers(object.metadata?.managedFields);
  if (before === undefined) return object.metadata?.managedFields ?? [];
  const after = new Map<string, ManagedSet>();
  let taken: ManagedSet | undefined;
  for (const [id, managed] of before) {
    const { by } = managed;
    const own = by.operation === 'Apply' && by.manager === applier && by.subresource === '';
    if (!own && !(by.operation === 'Update' && by.subresource === '' && clientSideManagers.has(by.manager))) {
      after.set(id, managed);
    } else {
      taken = {
        by: { ...by, operation: 'Apply', manager: applier },
        set: (taken?.set ?? new FieldSet()).union(managed.set),
        time: managed.time ?? taken?.time,
      };
    }
  }
  if (taken !== undefined) {
    const set = taken.set.difference(FieldSet.of(annotationPath));
    if (!set.empty) after.set(managerId(taken.by), { ...taken, set });
  }
  return writeManagers(after);
}
