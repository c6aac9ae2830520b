import { StoreError } from '../errors.ts';
import type { LmdbDatabase } from './lmdb-database.ts';
import { decodeChange, decodeEntry, readEntry } from './lmdb-records.ts';
import { MvccState } from './mvcc-state.ts';
import type { StoreChange, StoreEntry, StoreOpenOptions } from './store.ts';

/** Reads what a file holds into memory: the entries, and the last `historyLimit` changes. Throws `STORE_CORRUPT`. */
export function loadState(database: LmdbDatabase, historyLimit: number, stamp: StoreOpenOptions['stamp']): MvccState {
  const { head, compacted } = database.header;
  const state = new MvccState(historyLimit, Math.max(compacted, head - historyLimit));
  try {
    for (const { key, value } of database.entries()) state.load(decodeEntry(key, value, stamp));
    for (const change of readChanges(database, state, stamp)) state.remember(change);
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    throw new StoreError('STORE_CORRUPT', `${database.path}: an entry cannot be read: ${String(cause)}. Restore a backup`, { cause });
  }
  if (state.head !== head) {
    throw new StoreError(
      'STORE_CORRUPT',
      `${database.path}: expected a history up to revision ${head}, found one up to ${state.head}. Restore a backup`,
    );
  }
  return state;
}

/** The disk has what each change replaced. Going back from the present, that also tells what each change made. */
function readChanges(database: LmdbDatabase, state: MvccState, stamp: StoreOpenOptions['stamp']): readonly StoreChange[] {
  const records = Array.from(database.changes(state.head), ({ key: revision, value }) => ({ revision, ...decodeChange(value, stamp) }));
  const later = new Map<string, StoreEntry | undefined>();
  const changes: StoreChange[] = [];
  for (const { revision, type, key, raw, previous } of records.reverse()) {
    const made = later.has(key) ? later.get(key) : state.read(key);
    const entry = type === 'delete' && raw !== undefined ? decodeEntry(key, readEntry(raw), stamp, revision) : made;
    if (entry?.revision !== revision) {
      throw new StoreError(
        'STORE_CORRUPT',
        `${database.path}: the change at revision ${revision} and the entry of ${key} do not belong together. Restore a backup`,
      );
    }
    changes.push({ type, key, entry, previous });
    later.set(key, previous);
  }
  return changes.reverse();
}
