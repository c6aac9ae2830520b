import { deepFreeze, type KubeObject, type StoredMeta, type StoredObject } from './object.ts';

/** Objects know their revision: a copy with `metadata.resourceVersion`. What a store calls for every value. */
export function stampRevision(value: object, revision: number): object {
  const object = value as KubeObject;
  const { metadata } = object;
  if (metadata === undefined) return value;
  const meta = stampedMeta(metadata as StoredMeta, String(revision));
  const stamped = stampedObject(object as StoredObject, meta);
  // What the registry hands over is frozen through and through; what a store has read is not.
  if (!Object.isFrozen(object)) return deepFreeze(stamped);
  Object.freeze(meta);
  return Object.freeze(stamped);
}

// The copies that a store keeps are written out for the objects of which there are very many: an object that is written as a whole
// has room for just its properties, where a spread keeps some of them in a second object, with room to spare.

function stampedObject(object: StoredObject, metadata: StoredMeta): object {
  const { apiVersion, kind, spec, status } = object;
  if (spec !== undefined && status !== undefined && propertiesOf(object) === 5) return { apiVersion, kind, metadata, spec, status };
  return { ...object, metadata };
}

/** As Pods have it that a controller made. */
function stampedMeta(given: StoredMeta, resourceVersion: string): StoredMeta {
  const { labels, namespace, generateName, ownerReferences, name, uid, creationTimestamp } = given;
  const known = given.resourceVersion === undefined ? 7 : 8;
  const isUsual = labels !== undefined && namespace !== undefined && generateName !== undefined && ownerReferences !== undefined;
  if (!isUsual || propertiesOf(given) !== known) return { ...given, resourceVersion };
  return { labels, namespace, generateName, ownerReferences, name, uid, creationTimestamp, resourceVersion };
}

function propertiesOf(object: object): number {
  let count = 0;
  for (const _ in object) count++;
  return count;
}
