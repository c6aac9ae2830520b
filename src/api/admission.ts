import type { Identity } from './client.ts';
import type { KindDescriptor } from './kind.ts';
import type { KubeObject, StoredObject } from './object.ts';
import type { ViewReader } from './view-reader.ts';

/** What an admission step is asked about. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly kind: KindDescriptor;
  /** The object as it would be stored; for a delete the one that goes. */
  readonly object: KubeObject;
  /** What is stored now; undefined for a create. */
  readonly old: StoredObject | undefined;
  /** '' for the main resource. */
  readonly subresource: string;
  readonly namespace: string | undefined;
  readonly identity: Identity;
  readonly dryRun: boolean;
  readonly view: ViewReader;
  readonly warn: (message: string) => void;
}

/** What a mutating step changed; `rollback` undoes what it reserved if the write fails after all. */
export interface Mutation {
  readonly object: KubeObject;
  readonly rollback?: () => Promise<void>;
}

/**
 * One step of admission. All `mutate`s run first, in the order of the chain, then validation, then all `validate`s. A step
 * refuses by throwing an `ApiError` (usually `ForbiddenError`). Steps may be asynchronous; synchronous ones cost no turn.
 *
 * @example
 * const noLatest: AdmissionStep = {
 *   name: 'no-latest',
 *   validate: ({ object }) => {
 *     if (JSON.stringify(object).includes(':latest')) throw new ForbiddenError('images must have a version');
 *   },
 * };
 */
export interface AdmissionStep {
  readonly name: string;
  readonly mutate?: (request: AdmissionRequest) => Mutation | undefined | Promise<Mutation | undefined>;
  readonly validate?: (request: AdmissionRequest) => void | Promise<void>;
}
