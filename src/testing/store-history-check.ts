import type { Revision, StoreChange, StoreEntry } from '../stores/store.ts';
import { compareAndSwapModel, type KeyInput, type KeyOutput } from './compare-and-swap-model.ts';
import { isLinearizable, type Operation } from './linearizability.ts';
import type { RecordedCall, StoreHistory } from './store-history.ts';

const writtenIn = (entry: StoreEntry): number => (entry.value as { readonly written: number }).written;
const found = (entry: StoreEntry | undefined, refused: boolean): KeyOutput => ({
  found: entry === undefined ? undefined : { written: writtenIn(entry), revision: entry.revision },
  refused,
});

/** Every key by itself behaves like one register with compare-and-swap; by locality so do all together. */
export function checkKeys(history: StoreHistory): readonly string[] {
  const byKey = new Map<string, Operation<KeyInput, KeyOutput>[]>();
  const add = (key: string, operation: Operation<KeyInput, KeyOutput>): void => {
    const operations = byKey.get(key);
    if (operations === undefined) byKey.set(key, [operation]);
    else operations.push(operation);
  };
  for (const call of history.calls) {
    const times = { call: call.call, end: call.end };
    if (call.type === 'get') add(call.key, { ...times, input: { type: 'get' }, output: found(call.entry, false) });
    if (call.type !== 'write') continue;
    for (const [index, op] of call.ops.entries()) {
      const result = call.results?.[index];
      const input: KeyInput =
        op.value === null
          ? { type: 'delete', expected: op.expected }
          : { type: 'put', expected: op.expected, written: (op.value as { readonly written: number }).written };
      const output =
        result === undefined
          ? undefined
          : result.ok
            ? { made: result.entry.revision }
            : found(result.reason === 'conflict' ? result.current : undefined, true);
      // That the writes of a group are made in their order is checked by their revisions.
      add(op.key, { ...times, input, output });
    }
  }
  return [...byKey]
    .filter(([, operations]) => !isLinearizable(compareAndSwapModel, operations))
    .map(([key, { length }]) => `${key}: its ${length} operations are not linearizable`);
}

/** Revisions of acknowledged writes are unique and keep the order of time: what ended before another began has the smaller one. */
export function checkRevisions(history: StoreHistory): readonly string[] {
  const violations: string[] = [];
  const made = new Map<Revision, string>();
  const events: { readonly at: number; readonly revision: Revision; readonly isEnd: boolean; readonly what: string }[] = [];
  for (const call of history.calls) {
    if (call.type === 'head') {
      events.push(
        { at: call.call, revision: call.revision, isEnd: false, what: 'head()' },
        { at: call.end, revision: call.revision, isEnd: true, what: 'head()' },
      );
    }
    if (call.type !== 'write') continue;
    const inGroup = new Map<string, Revision>();
    for (const result of call.results ?? []) {
      if (!result.ok) continue;
      const { key, revision } = result.entry;
      const ordered = history.shared ? key : '';
      if (revision <= (inGroup.get(ordered) ?? 0))
        violations.push(`revision ${revision} of ${key} is not greater than that of an earlier write of its group`);
      inGroup.set(ordered, revision);
      if (made.has(revision)) violations.push(`revision ${revision} was given to ${made.get(revision)} and to ${key}`);
      made.set(revision, key);
      events.push(
        { at: call.call, revision, isEnd: false, what: `write of ${key}` },
        { at: call.end, revision, isEnd: true, what: `write of ${key}` },
      );
    }
  }
  let newest = history.start;
  for (const event of events.sort((a, b) => a.at - b.at)) {
    if (event.isEnd) newest = Math.max(newest, event.revision);
    else if (event.revision < newest)
      violations.push(`${event.what} began after revision ${newest} had been told, and got ${event.revision}`);
  }
  return violations;
}

/** What the clients were told and the list of all changes are the same story; an unknown outcome may be in it or not. */
export function checkChanges(history: StoreHistory): readonly string[] {
  const violations: string[] = [];
  const byRevision = new Map(history.changes.map((change) => [change.entry.revision, change]));
  for (const call of history.calls) {
    if (call.type !== 'write') continue;
    for (const result of call.results ?? []) {
      if (!result.ok) continue;
      const { key, revision, value } = result.entry;
      const change = byRevision.get(revision);
      if (change === undefined) violations.push(`the acknowledged write of ${key} at revision ${revision} is missing from the history`);
      else if (change.key !== key || JSON.stringify(change.entry.value) !== JSON.stringify(value))
        violations.push(`revision ${revision} was acknowledged as a write of ${key} and is told as another`);
    }
  }
  const present = new Map<string, StoreEntry>();
  for (const change of history.changes) {
    const before = present.get(change.key);
    if (before?.revision !== change.previous?.revision) {
      violations.push(
        `${change.key} at revision ${change.entry.revision}: expected previous ${before?.revision ?? 'none'}, got ${change.previous?.revision ?? 'none'}`,
      );
    }
    if (change.type === 'delete') present.delete(change.key);
    else present.set(change.key, change.entry);
  }
  return violations;
}

/** A list is the picture of one revision, and of none older than what anybody had been told of when it was asked for. */
export function checkLists(history: StoreHistory): readonly string[] {
  const violations: string[] = [];
  for (const call of history.calls) {
    if (call.type !== 'list') continue;
    const { prefix, list } = call;
    const expected = pictureAt(history.changes, prefix, list.revision);
    const got = list.entries.map(entryText);
    if (expected.join() !== got.join())
      violations.push(`list of ${prefix} at revision ${list.revision}: expected [${expected.join()}], got [${got.join()}]`);
    const newest = newestBefore(history.calls, call.call, history.start);
    if (list.revision < newest)
      violations.push(`list of ${prefix} is of revision ${list.revision}, but ${newest} had been told before it was asked for`);
  }
  return violations;
}

function pictureAt(changes: readonly StoreChange[], prefix: string, revision: Revision): readonly string[] {
  const present = new Map<string, StoreEntry>();
  for (const change of changes) {
    if (change.entry.revision > revision) break;
    if (!change.key.startsWith(prefix)) continue;
    if (change.type === 'delete') present.delete(change.key);
    else present.set(change.key, change.entry);
  }
  return [...present].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entryText(entry));
}

const entryText = ({ key, revision, value }: StoreEntry): string => `${key}@${revision} ${JSON.stringify(value)}`;

function newestBefore(calls: readonly RecordedCall[], at: number, start: Revision): Revision {
  let newest = start;
  for (const call of calls) if (call.end < at) newest = Math.max(newest, toldBy(call));
  return newest;
}

/** The newest revision that a call told its client of. */
function toldBy(call: RecordedCall): Revision {
  switch (call.type) {
    case 'get':
      return call.entry?.revision ?? 0;
    case 'list':
      return call.list.revision;
    case 'head':
      return call.revision;
    case 'write':
      return Math.max(0, ...(call.results ?? []).map((result) => (result.ok ? result.entry.revision : 0)));
  }
}
