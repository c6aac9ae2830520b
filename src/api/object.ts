import type { ObjectMeta } from './generated/models.ts';

/** What every Kubernetes object has. Objects that came out of the registry or the view are deeply frozen. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ObjectMeta;
}

/** The metadata of an object that is stored. */
export interface StoredMeta extends ObjectMeta {
  readonly name: string;
  readonly uid: string;
  /** Opaque to users; the store's revision in decimal. */
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
}

/** A manifest as it is after it was stored: names filled in, defaults applied, frozen. It is a manifest too. */
export type Stored<M extends KubeObject> = Omit<M, 'metadata' | 'apiVersion' | 'kind'> & {
  readonly apiVersion: NonNullable<M['apiVersion']> & string;
  readonly kind: NonNullable<M['kind']> & string;
  readonly metadata: StoredMeta;
};

/** Any stored object. */
export type StoredObject = Stored<KubeObject> & { readonly spec?: unknown; readonly status?: unknown };

/** Where an object lives: `namespace` is undefined for kinds without one. */
export interface ObjectName {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Freezes a JSON value and everything in it; parts that are frozen already are not entered (they are shared). */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (const item of value) deepFreeze(item);
  else for (const key in value) deepFreeze(value[key]);
  return value;
}
