import type { KubeObject, Stored, StoredObject } from './object.ts';
import type { FieldErrors } from './field-errors.ts';
import type { ViewReader } from './view-reader.ts';

/** A deep, mutable copy-on-need shape of `T`: what defaulting and preparation may change before an object is frozen. */
export type Draft<T> = T extends readonly (infer E)[] ? Draft<E>[] : T extends object ? { -readonly [K in keyof T]: Draft<T[K]> } : T;

/** One column of `kubectl get`, in Kubernetes' terms. `priority` 0 is always shown, 1 with `-o wide`. */
export interface PrintedColumn<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly format?: 'name';
  readonly priority?: number;
  readonly description?: string;
  /** The cell; `nowMs` for ages. */
  cell(this: void, object: T, nowMs: number): string | number | boolean | null;
}

/** Why a row of a table may be of less interest, as `meta.k8s.io` has it. */
export interface RowCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

/** How the scale subresource of a kind is read and written; paths as in `.spec.replicas`. */
export interface ScaleSubresource {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** The path of the selector: a LabelSelector or a plain map. */
  readonly selectorPath: string;
}

/** A subresource that changes one part of an object and answers with the whole: `ephemeralcontainers` of Pods. */
export interface PartSubresource<M extends KubeObject = KubeObject> {
  /** The stored object with this part as it is given, before defaults. Changes neither. */
  take(this: void, given: M, old: Stored<M>): M;
  /** Checks what may not change of the part. `validate` of the kind runs as well, its `validateUpdate` does not. */
  validateUpdate(this: void, object: M, old: Stored<M>, errors: FieldErrors): void;
}

/** Reads one selectable field as text. (A method's type, so that a descriptor of one kind is a descriptor of any kind.) */
export type SelectableField<T> = { read(this: void, object: T): string }['read'];

/**
 * Everything the machinery needs to know of a kind. One file in `kinds/` makes one; a host may bring its own.
 * Functions are pure, and none keeps or mutates what it was given unless it is called a draft.
 */
export interface KindDescriptor<M extends KubeObject = KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** The model of the schema table that describes the object. */
  readonly model: string;
  /** The OpenAPI v3 schema of the objects, for kinds that the schema table does not have. */
  readonly openapi?: Readonly<Record<string, unknown>>;
  /** How a `metadata.name` is checked. */
  readonly nameRule: 'dns1123-subdomain' | 'dns1123-label' | 'dns1035-label' | 'path-segment';
  /** True if `metadata.generation` counts changes of the spec; `constant`: it is 1 and stays so. */
  readonly hasGeneration: boolean | 'constant';
  /** True if changed annotations count as well; those of controllers do not. */
  readonly generationCountsAnnotations?: boolean;
  /** True if `status` changes only through the status subresource. */
  readonly hasStatus: boolean;
  /** True if a create may bring a status along (a Node that registers itself). */
  readonly keepsStatusOnCreate?: boolean;
  readonly scale?: ScaleSubresource;
  /** Subresources of the kind's own that change one part of an object, by name. */
  readonly parts?: Readonly<Record<string, PartSubresource<M>>>;
  /** Seconds of grace a delete gives when it names none; undefined: objects of this kind go at once. */
  gracePeriodSeconds?(this: void, object: Stored<M>): number;
  /** True if what belongs to an object outlives it unless the delete says otherwise (kinds older than the garbage collector). */
  readonly orphansByDefault?: boolean;
  /** True if a delete over HTTP answers with the object that is gone, instead of with a Status. */
  readonly returnsDeleted?: boolean;
  /** True if an object without a name gets a uid for one. */
  readonly unnamedGetsUid?: boolean;
  /** True if a PUT of an object that does not exist creates it. */
  readonly createsOnUpdate?: boolean;
  /** False if every update must name the resourceVersion it is based on. */
  readonly updatesUnconditionally?: boolean;
  /** The verbs that are served, for kinds that do not serve them all (a Binding can only be created). */
  readonly verbs?: readonly string[];
  /**
   * True if `prepareForCreate`, `prepareForUpdate` and `prepareForStatusUpdate` leave `spec` and `metadata` alone: then a frozen spec
   * that was defaulted once is shared by all objects that are given it (Pods of a template).
   */
  readonly sharesSpec?: boolean;
  /** Another name for the objects of another kind: which, and how to convert. `validate*` of the alias check what only it asks for. */
  readonly storedAs?: StorageAlias;
  /**
   * Fills in Kubernetes' defaults. Called on every create, update and patch, before validation. Parts of the draft that are frozen
   * came out of the registry: they have their defaults and are shared, not changed. (The registry copies frozen parts that it does
   * not know.)
   */
  applyDefaults?(this: void, draft: Draft<M>): void;
  /** Before a create is validated: drop what users may not set, allocate nothing. `status` is dropped by the registry. */
  prepareForCreate?(this: void, draft: Draft<M>): void;
  /** Before an update of the main resource is validated. */
  prepareForUpdate?(this: void, draft: Draft<M>, old: Stored<M>): void;
  /** Before an update through the status subresource is validated (spec and metadata are kept by the registry). */
  prepareForStatusUpdate?(this: void, draft: Draft<M>, old: Stored<M>): void;
  /** Checks values; collects all errors. Types, unknown fields and JSON shape were checked against the schema before. */
  validate?(this: void, object: M, errors: FieldErrors): void;
  /** Checks what holds only for new objects. `validate` runs as well. */
  validateCreate?(this: void, object: M, errors: FieldErrors): void;
  /** Checks what may not change. `validate` runs as well. */
  validateUpdate?(this: void, object: M, old: Stored<M>, errors: FieldErrors): void;
  validateStatusUpdate?(this: void, object: M, old: Stored<M>, errors: FieldErrors): void;
  /** What the user should be told though it is accepted (the `Warning` header). */
  warnings?(this: void, object: M): readonly string[];
  /** The fields a field selector may name, besides metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, SelectableField<Stored<M>>>>;
  readonly columns?: readonly PrintedColumn<Stored<M>>[];
  /** What clients may use to leave rows out: that the object has ended. */
  rowConditions?(this: void, object: Stored<M>): readonly RowCondition[];
}

/** A kind that is another kind under a second name (autoscaling/v1 of v2, events.k8s.io of v1). */
export interface StorageAlias {
  /** The kind under which the objects are stored: it defaults, checks and prepares them. */
  readonly kind: KindDescriptor;
  readonly fromStored: (object: StoredObject) => StoredObject;
  readonly toStored: (object: KubeObject) => KubeObject;
}

/** The part that a subresource of this name changes, if it is one. */
export function partOf(kind: KindDescriptor, subresource: string): PartSubresource | undefined {
  return kind.parts !== undefined && Object.hasOwn(kind.parts, subresource) ? kind.parts[subresource] : undefined;
}

/** `v1`, `apps/v1`. */
export function apiVersionOf(kind: Pick<KindDescriptor, 'group' | 'version'>): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `pods`, `deployments.apps`: what error messages and `details.kind` call a kind. */
export function resourceName(kind: Pick<KindDescriptor, 'group' | 'plural'>): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** What an admission step may look at. */
export interface AdmissionContext {
  readonly view: ViewReader;
}
