import { FieldErrors } from './field-errors.ts';
import type { KindDescriptor } from './kind.ts';
import { validateAnnotations, validateLabels } from './label-validation.ts';
import { checkDns1123Label, checkObjectName, checkQualifiedName } from './names.ts';
import type { StoredObject } from './object.ts';

/** Finalizers without a domain that Kubernetes itself knows. */
const plainFinalizers: ReadonlySet<string> = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** Kubernetes checks what may not change in metadata once for every kind and once for this one, and tells of both. */
const updateChecks = 2;
/** The rest of metadata once more, and for most kinds a fourth time with the whole object: not for those whose updates check the spec alone. */
const checksOnlySpec: ReadonlySet<string> = new Set([
  'apps/Deployment',
  'batch/CronJob',
  'autoscaling/HorizontalPodAutoscaler',
  'coordination.k8s.io/Lease',
  'discovery.k8s.io/EndpointSlice',
  'networking.k8s.io/Ingress',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/NetworkPolicy',
  'policy/PodDisruptionBudget',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/StorageClass',
]);

/** Metadata of a new object: name, namespace, labels, annotations, finalizers, owners. */
export function validateNewMeta(kind: KindDescriptor, object: StoredObject, errors: FieldErrors): void {
  const meta = object.metadata;
  if (meta.generateName !== undefined && meta.generateName !== '') {
    for (const problem of checkObjectName(kind.nameRule, meta.generateName, true))
      errors.invalid('metadata.generateName', meta.generateName, problem);
  }
  for (const problem of checkObjectName(kind.nameRule, meta.name)) errors.invalid('metadata.name', meta.name, problem);
  if (kind.namespaced)
    for (const problem of checkDns1123Label(meta.namespace ?? '')) errors.invalid('metadata.namespace', meta.namespace, problem);
  if ((meta.generation ?? 0) < 0) errors.invalid('metadata.generation', meta.generation, 'must be greater than or equal to 0');
  validateCommon(kind, object, errors);
}

/** Metadata after an update: what may never change, and what is checked as in a new object. */
export function validateMetaUpdate(kind: KindDescriptor, object: StoredObject, old: StoredObject, errors: FieldErrors): void {
  const meta = object.metadata;
  if (meta === old.metadata) return;
  if (old.metadata.deletionTimestamp !== undefined && meta.finalizers !== undefined && meta.finalizers !== old.metadata.finalizers) {
    const added = meta.finalizers.filter((finalizer) => old.metadata.finalizers?.includes(finalizer) !== true);
    const times = added.length > 0 ? updateChecks : 0;
    for (let i = 0; i < times; i++)
      errors.forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
      );
  }
  const times = updateChecks + (checksOnlySpec.has(`${kind.group}/${kind.kind}`) ? 1 : 2);
  const found = new FieldErrors();
  validateCommon(kind, object, found, old);
  for (let i = 0; i < times; i++) errors.addAll(found);
}

function validateCommon(kind: KindDescriptor, object: StoredObject, errors: FieldErrors, old?: StoredObject): void {
  const meta = object.metadata;
  if (meta.labels !== old?.metadata.labels) validateLabels(meta.labels, 'metadata.labels', errors);
  if (meta.annotations !== old?.metadata.annotations) validateAnnotations(meta.annotations, 'metadata.annotations', errors);
  if (meta.finalizers !== old?.metadata.finalizers) validateFinalizers(kind, meta.finalizers ?? [], errors);
  if (meta.ownerReferences !== old?.metadata.ownerReferences) validateOwners(object, errors);
}

function validateFinalizers(kind: KindDescriptor, finalizers: readonly string[], errors: FieldErrors): void {
  for (const [i, finalizer] of finalizers.entries()) {
    for (const problem of checkQualifiedName(finalizer)) errors.invalid('metadata.finalizers', finalizer, problem);
    // Custom resources and their definitions are checked by a server of their own, which asks for no domain.
    const custom = kind.openapi !== undefined || kind.group === 'apiextensions.k8s.io';
    if (!custom && !finalizer.includes('/') && !plainFinalizers.has(finalizer))
      errors.invalid(`metadata.finalizers[${i}]`, finalizer, 'name is neither a standard finalizer name nor is it fully qualified');
  }
  if (finalizers.includes('orphan') && finalizers.includes('foregroundDeletion')) {
    errors.invalid('metadata.finalizers', finalizers, 'finalizer orphan and foregroundDeletion cannot be both set');
  }
}

function validateOwners(object: StoredObject, errors: FieldErrors): void {
  const owners = object.metadata.ownerReferences ?? [];
  let controllers = 0;
  owners.forEach((owner, i) => {
    const path = `metadata.ownerReferences[${i}]`;
    if (owner.apiVersion === '') errors.invalid(`${path}.apiVersion`, owner.apiVersion, 'version must not be empty');
    if (owner.kind === '') errors.invalid(`${path}.kind`, owner.kind, 'kind must not be empty');
    if (owner.name === '') errors.invalid(`${path}.name`, owner.name, 'name must not be empty');
    if (owner.uid === '') errors.invalid(`${path}.uid`, owner.uid, 'uid must not be empty');
    if (owner.controller === true) controllers++;
  });
  if (controllers > 1) errors.invalid('metadata.ownerReferences', owners, 'Only one reference can have Controller set to true');
}
