import { ApiError } from '../errors.ts';
import { FieldErrors } from './field-errors.ts';
import type { DeleteOptions } from './client.ts';
import { GoValue } from './go-value.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, StoredObject } from './object.ts';
import { conflict, invalid, modified } from './status-errors.ts';

/** What an update says it is based on must be what is stored. Throws `ConflictError`, or `InvalidError` where a kind insists. */
export function checkPreconditions(kind: KindDescriptor, manifest: KubeObject, old: StoredObject, patched: boolean): void {
  const { uid, resourceVersion = '' } = manifest.metadata ?? {};
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) throw otherObject(kind, uid, old, patched);
  if (resourceVersion !== '' && !/^\d+$/.test(resourceVersion)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`;
    throw new ApiError(500, '', why, undefined, { retryable: false });
  }
  if ((resourceVersion === '' || resourceVersion === '0') && kind.updatesUnconditionally === false) {
    const errors = new FieldErrors();
    errors.invalid('metadata.resourceVersion', new GoValue('0x0'), 'must be specified for an update');
    // This is said by the store, which knows resources only.
    throw invalid({ ...kind, kind: kind.plural }, old.metadata.name, errors);
  }
  if (resourceVersion !== '' && resourceVersion !== '0' && resourceVersion !== old.metadata.resourceVersion)
    throw modified(kind, old.metadata.name);
}

/** Kubernetes names the kind here, not the resource. */
const named = (kind: KindDescriptor): KindDescriptor => ({ ...kind, plural: kind.kind });

/** What a deletion says of the object it means must hold. Throws `ConflictError`. */
export function checkDeletionPreconditions(kind: KindDescriptor, old: StoredObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const { name } = old.metadata;
  if (uid !== undefined && uid !== old.metadata.uid) {
    const found = `the UID in the precondition (${uid}) does not match the UID in record (${old.metadata.uid})`;
    throw conflict(named(kind), name, `${found}. The object might have been deleted and then recreated`);
  }
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion) {
    const found = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.metadata.resourceVersion})`;
    throw conflict(named(kind), name, `${found}. The object might have been modified`);
  }
}

/** The uid is that of another object: for an update a condition that does not hold, for a patch the change of what never changes. */
function otherObject(kind: KindDescriptor, uid: string, { metadata }: StoredObject, patched: boolean): ApiError {
  if (patched) {
    const errors = new FieldErrors();
    // Kubernetes checks metadata once for every kind and once for this one.
    for (let i = 0; i < 2; i++) errors.invalid('metadata.uid', uid, 'field is immutable');
    return invalid(kind, metadata.name, errors);
  }
  const key = ['/registry', kind.plural, ...(metadata.namespace === undefined ? [] : [metadata.namespace]), metadata.name].join('/');
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`;
  return conflict(
    kind,
    metadata.name,
    `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  );
}
