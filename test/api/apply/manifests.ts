import type { ManagedFieldsEntry } from '../../../src/api/generated/models.ts';

interface Meta {
  readonly name: string;
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** A ConfigMap as far as these tests look at it. */
export interface ConfigMap {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
  readonly data?: Readonly<Record<string, string>>;
}

/** A Deployment as far as these tests look at it. */
export interface Deployment {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Meta;
  readonly spec: object;
}
