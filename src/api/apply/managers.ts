import { deepEqual } from '../deep-equal.ts';
import type { ManagedFieldsEntry } from '../generated/models.ts';
import { FieldSet } from './field-set.ts';

export type ManagerOperation = 'Apply' | 'Update';

/** Who manages fields: appliers are one whatever version they use, updaters differ by version. */
export interface Manager {
  readonly manager: string;
  readonly operation: ManagerOperation;
  readonly apiVersion: string;
  /** '' for the object itself. */
  readonly subresource: string;
}

/** What one manager owns. */
export interface ManagedSet {
  readonly by: Manager;
  readonly set: FieldSet;
  /** RFC 3339; undefined if it took nothing that changed the object. */
  readonly time: string | undefined;
}

/** The managers of an object by their identity. */
export type Managers = ReadonlyMap<string, ManagedSet>;

export function managerId({ manager, operation, apiVersion, subresource }: Manager): string {
  return JSON.stringify([manager, operation, subresource, operation === 'Apply' ? '' : apiVersion]);
}

/** Reads `metadata.managedFields`; undefined if an entry cannot be read. */
export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers | undefined {
  const managers = new Map<string, ManagedSet>();
  for (const entry of entries ?? []) {
    const set = entry.fieldsV1 === undefined ? new FieldSet() : FieldSet.fromFieldsV1(entry.fieldsV1);
    if (set === undefined || (entry.operation !== 'Apply' && entry.operation !== 'Update')) return undefined;
    const by: Manager = {
      manager: entry.manager ?? '',
      operation: entry.operation,
      apiVersion: entry.apiVersion ?? '',
      subresource: entry.subresource ?? '',
    };
    const id = managerId(by);
    const known = managers.get(id);
    managers.set(id, { by, set: known === undefined ? set : known.set.union(set), time: entry.time ?? undefined });
  }
  return managers;
}

/** Whether two lists of entries say the same but for when it was. */
export function sameButForTimes(a: readonly ManagedFieldsEntry[], b: readonly ManagedFieldsEntry[]): boolean {
  const timeless = (entry: ManagedFieldsEntry): object => ({ ...entry, time: undefined });
  return deepEqual(a.map(timeless), b.map(timeless));
}

/** An update that sets `managedFields: [{}]` clears them. */
export function clearsManagers(entries: readonly ManagedFieldsEntry[] | undefined): boolean {
  return entries?.length === 1 && Object.values(entries[0]!).every((value) => value === undefined || value === null || value === '');
}

function compareEntries(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  const text = (x: string | undefined, y: string | undefined): number => ((x ?? '') < (y ?? '') ? -1 : (x ?? '') > (y ?? '') ? 1 : 0);
  return (
    text(a.operation, b.operation) ||
    text(a.time, b.time) ||
    text(a.manager, b.manager) ||
    text(a.apiVersion, b.apiVersion) ||
    text(a.subresource, b.subresource)
  );
}

/** Writes `metadata.managedFields`, in Kubernetes' order: appliers first, then by time and name. */
export function writeManagers(managers: Managers): readonly ManagedFieldsEntry[] {
  const entries: ManagedFieldsEntry[] = [];
  for (const { by, set, time } of managers.values()) {
    entries.push({
      manager: by.manager,
      operation: by.operation,
      apiVersion: by.apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: set.toFieldsV1() as NonNullable<ManagedFieldsEntry['fieldsV1']>,
      ...(by.subresource === '' ? {} : { subresource: by.subresource }),
    });
  }
  return entries.sort(compareEntries);
}

/** More updaters than this are not told apart: the oldest become `ancient-changes`. */
const updatersMax = 10;
const ancient = 'ancient-changes';

/** Folds the oldest updaters into one per version, so that the list does not grow for ever. */
export function capUpdaters(managers: Managers): Managers {
  const updaters = [...managers].filter(([, m]) => m.by.operation === 'Update');
  if (updaters.length <= updatersMax) return managers;
  updaters.sort(([, a], [, b]) => ((a.time ?? '') < (b.time ?? '') ? -1 : (a.time ?? '') > (b.time ?? '') ? 1 : 0));
  const capped = new Map(managers);
  let left = updaters.length;
  for (const [id, old] of updaters) {
    if (left <= updatersMax) break;
    const by: Manager = { ...old.by, manager: ancient };
    const bucket = capped.get(managerId(by));
    if (id === managerId(by)) continue;
    capped.delete(id);
    capped.set(managerId(by), {
      by,
      set: bucket === undefined ? old.set : bucket.set.union(old.set),
      time: latest(bucket?.time, old.time),
    });
    if (bucket !== undefined) left -= 1;
  }
  return capped;
}

function latest(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

const managerBytesMax = 128;

/** The manager of a write that names none: the part of the User-Agent before the first slash. */
export function managerOfUserAgent(userAgent: string): string {
  let name = '';
  for (const c of userAgent.split('/')[0]!) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(c)) continue;
    if (Buffer.byteLength(name + c) > managerBytesMax) break;
    name += c;
  }
  return name;
}
