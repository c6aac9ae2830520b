import { ApiError, BadRequestError } from '../../errors.ts';
import { deepEqual } from '../deep-equal.ts';
import { goTypeOf, isJsonObject, isShallow } from '../json-values.ts';
import type { KubeObject } from '../object.ts';
import type { SchemaTable } from '../schema.ts';
import { Comparison } from './comparison.ts';
import { checkConfig } from './config-check.ts';
import { applyConflict } from './conflicts.ts';
import type { ManagerConflict } from './conflicts.ts';
import { CreatedFields } from './created-fields.ts';
import { FieldSet } from './field-set.ts';
import { fieldSetOf } from './field-set-of.ts';
import { allowedByLastApplied } from './last-applied.ts';
import { capUpdaters, clearsManagers, managerId, readManagers, writeManagers } from './managers.ts';
import type { ManagedSet, Manager, Managers } from './managers.ts';
import { MergeShapes } from './merge-shape.ts';
import type { MergeShape } from './merge-shape.ts';
import { mergeValues } from './merge-values.ts';
import { prune } from './prune.ts';

const beforeFirstApply = 'before-first-apply';

/** Identity and bookkeeping: nobody owns these. */
const unowned = FieldSet.of(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    (field) => ['f:metadata', `f:${field}`],
  ),
);

/** A write whose fields are to be accounted for. */
export interface FieldWrite {
  /** The model of the schema table. */
  readonly model: string;
  readonly manager: string;
  /** The version the request spoke: `apps/v1`. */
  readonly apiVersion: string;
  /** `status`, `scale`; '' for the object itself. */
  readonly subresource?: string;
  /** Top-level fields this kind of write cannot change (`status` in the main resource), so that nobody comes to own them by it. */
  readonly resetFields?: readonly string[];
  /** RFC 3339 in seconds: when it happens. */
  readonly time: string;
}

export interface ApplyWrite extends FieldWrite {
  /** Take fields that other managers own instead of failing. */
  readonly force?: boolean;
}

/** What came of applying a configuration. */
export interface Applied {
  /** The live object with the configuration in it; still to be defaulted, validated and stored. */
  readonly object: KubeObject;
  /** False if only the managers changed, or nothing. */
  readonly changed: boolean;
}

/**
 * Server-side apply: who owns which field, and merging by that. Pure: objects in, objects out.
 *
 * Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
 */
export class FieldManager {
  readonly #shapes: MergeShapes;
  readonly #created = new CreatedFields();

  constructor(table: SchemaTable) {
    this.#shapes = new MergeShapes(table);
  }

  /**
   * Accounts for a create (`live` undefined), update or patch: gives `next` with its `metadata.managedFields`. `empty` is what an
   * object of the kind is before anything is set, as the structure reads `{}`: what every object has, nobody owns by creating one.
   */
  track<T extends KubeObject>(live: KubeObject | undefined, next: T, write: FieldWrite, empty: KubeObject = {}): T {
    const given = next.metadata?.managedFields;
    const isMain = (write.subresource ?? '') === '';
    if (isMain && clearsManagers(given)) return withManagers(next, noManagers);
    const ofNext = isMain ? readManagers(given) : undefined;
    const managers = ofNext !== undefined && ofNext.size > 0 ? ofNext : managersOf(live);
    if (managers.size === 0) return withManagers(next, live === undefined ? this.#ofCreator(empty, next, write) : managers);
    return withManagers(next, this.#tracked(live ?? empty, next, managers, write));
  }

  #ofCreator(empty: KubeObject, next: KubeObject, write: FieldWrite): Managers {
    const set = this.#created.of(next, write, () =>
      ownable(Comparison.between(bare(empty), bare(next), this.#shapes.of(write.model)).changed(), write),
    );
    if (set.empty) return noManagers;
    const by = managerOf(write, 'Update');
    return new Map([[managerId(by), { by, set, time: write.time }]]);
  }

  #tracked(live: KubeObject, next: KubeObject, managers: Managers, write: FieldWrite): Managers {
    const comparison = Comparison.between(bare(live), bare(next), this.#shapes.of(write.model));
    if (comparison.same) return managers;
    const changed = comparison.changed();
    const left = new Map<string, ManagedSet>();
    for (const [id, managed] of managers) keepSet(left, id, managed, managed.set.difference(changed).difference(comparison.removed));
    const by = managerOf(write, 'Update');
    const taken = ownable(changed, write);
    if (!taken.empty) {
      const before = left.get(managerId(by));
      left.set(managerId(by), { by, set: before === undefined ? taken : before.set.union(taken), time: write.time });
    }
    return capUpdaters(left);
  }

  /**
   * Applies a configuration. `live` undefined creates. Throws ConflictError if another manager owns what would change, a
   * BadRequestError or ApiError for what cannot be applied.
   */
  apply(live: KubeObject | undefined, config: unknown, write: ApplyWrite, empty: KubeObject = {}): Applied {
    const shape = this.#shapes.of(write.model);
    const applied = requireConfig(config, shape, write);
    const base = bare(live ?? empty);
    const before = this.#managersBefore(live, write, empty);
    const by = managerOf(write, 'Apply');
    const id = managerId(by);
    const last = before.get(id);
    const claimed = fieldSetOf(applied, shape).recursiveDifference(resetFields(write));
    const managers = new Map(before).set(id, { by, set: claimed, time: last?.time });
    const object = prune(mergeValues(base, applied, shape) as KubeObject, managers, last?.set, shape);
    const comparison = Comparison.between(base, object, shape);
    const conflicts = conflictsOf(managers, id, comparison);
    if (conflicts.length > 0 && write.force !== true) {
      const refused = write.manager === 'kubectl' ? withoutAllowed(conflicts, allowedByLastApplied(base, shape)) : conflicts;
      if (refused.length > 0) throw applyConflict(refused);
    }
    const left = new Map<string, ManagedSet>();
    for (const [other, managed] of managers) {
      const set = other === id ? ownable(claimed, write) : managed.set.difference(comparison.changed()).difference(comparison.removed);
      keepSet(left, other, other === id && !comparison.same ? { ...managed, time: write.time } : managed, set);
    }
    return {
      object: withManagers(comparison.same && live !== undefined ? live : object, left),
      changed: !comparison.same || live === undefined,
    };
  }

  /** Who owns what before an apply: an object that was not tracked so far is owned by `before-first-apply`. */
  #managersBefore(live: KubeObject | undefined, write: ApplyWrite, empty: KubeObject): Managers {
    const managers = managersOf(live);
    if (managers.size > 0 || live === undefined) return managers;
    return this.#tracked(empty, live, managers, { ...write, manager: beforeFirstApply, subresource: '' });
  }
}

const noManagers: Managers = new Map();

/** Entries nobody can read are forgotten, as in Kubernetes: better untracked than stuck. */
function managersOf(object: KubeObject | undefined): Managers {
  return readManagers(object?.metadata?.managedFields) ?? noManagers;
}

function managerOf({ manager, apiVersion, subresource }: FieldWrite, operation: Manager['operation']): Manager {
  return { manager, operation, apiVersion, subresource: subresource ?? '' };
}

function resetFields({ resetFields: fields }: FieldWrite): FieldSet {
  return FieldSet.of(...(fields ?? []).map((field) => [`f:${field}`]));
}

function ownable(fields: FieldSet, write: FieldWrite): FieldSet {
  return fields.difference(unowned).recursiveDifference(resetFields(write));
}

function keepSet(managers: Map<string, ManagedSet>, id: string, managed: ManagedSet, set: FieldSet): void {
  if (!set.empty) managers.set(id, { ...managed, set });
}

/** The object without its managed fields: they are not fields that anybody manages. */
function bare(object: KubeObject): KubeObject {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function withManagers<T extends KubeObject>(object: T, managers: Managers): T {
  const entries = writeManagers(managers);
  const { managedFields: before, ...metadata } = object.metadata ?? {};
  if (deepEqual(before ?? [], entries)) return object;
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

/** What other managers own of what changed. */
function conflictsOf(managers: Managers, applying: string, comparison: Comparison): readonly ManagerConflict[] {
  const changed = comparison.changed();
  return [...managers]
    .filter(([id]) => id !== applying)
    .map(([, { by, set }]) => ({ by, fields: set.intersection(changed) }))
    .filter(({ fields }) => !fields.empty);
}

function withoutAllowed(conflicts: readonly ManagerConflict[], allowed: FieldSet): readonly ManagerConflict[] {
  return conflicts.map(({ by, fields }) => ({ by, fields: fields.difference(allowed) })).filter(({ fields }) => !fields.empty);
}

/** Which object it is: `default/web; apps/v1, Kind=Deployment`. */
function objectText(config: KubeObject): string {
  const { apiVersion = '', kind = '', metadata } = config;
  return `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}; ${apiVersion.includes('/') ? '' : '/'}${apiVersion}, Kind=${kind}`;
}

function requireConfig(config: unknown, shape: MergeShape, write: ApplyWrite): KubeObject {
  if (!isJsonObject(config)) throw new BadRequestError(`error decoding YAML: expected an object, got ${goTypeOf(config)}`);
  if (!isShallow(config)) throw new BadRequestError('error decoding YAML: exceeded max depth');
  const { apiVersion, metadata } = config;
  if (apiVersion !== write.apiVersion) {
    throw new BadRequestError(
      `Incorrect version specified in apply patch. Specified patch version: ${typeof apiVersion === 'string' ? apiVersion : ''}, expected: ${write.apiVersion}`,
    );
  }
  if (isJsonObject(metadata) && metadata.managedFields !== undefined && metadata.managedFields !== null)
    throw new BadRequestError('metadata.managedFields must be nil');
  const problems = checkConfig(config, shape);
  if (problems.length > 0)
    throw new ApiError(
      500,
      '',
      `failed to create typed patch object (${objectText(config)}): ${problems.length === 1 ? problems[0]! : `errors:\n  ${problems.join('\n  ')}`}`,
      undefined,
      { retryable: false },
    );
  return config as KubeObject;
}
