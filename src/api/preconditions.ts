import { FieldErrors } from './field-errors.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, StoredObject } from './object.ts';
import { conflict, invalid, modified } from './status-errors.ts';

/** What an update says it is based on must be what is stored. Throws `ConflictError`, or `InvalidError` where a kind insists. */
export function checkPreconditions(kind: KindDescriptor, manifest: KubeObject, old: StoredObject): void {
  const { uid, resourceVersion } = manifest.metadata ?? {};
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    throw conflict(kind, old.metadata.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
  }
  if ((resourceVersion ?? '') === '' && kind.updatesUnconditionally === false) {
    const errors = new FieldErrors();
    errors.invalid('metadata.resourceVersion', '0x0', 'must be specified for an update');
    // This is said by the store, which knows resources only.
    throw invalid({ ...kind, kind: kind.plural }, old.metadata.name, errors);
  }
  if (
    resourceVersion !== undefined &&
    resourceVersion !== '' &&
    resourceVersion !== '0' &&
    resourceVersion !== old.metadata.resourceVersion
  )
    throw modified(kind, old.metadata.name);
}
