import type { StoreChange } from '../stores/store.ts';
import type { StoreHistory, RecordedWatch } from './store-history.ts';

/**
 * What etcd promises of a watch, against the list of all changes: ordered, unique, atomic (the changes of one revision come
 * together), reliable (none is missing between two that were told, and each says what was written), resumable (that from any revision
 * on), bookmarkable (after a progress report nothing older comes), filtered (nothing of another prefix).
 */
export function checkWatches(history: StoreHistory): readonly string[] {
  return history.watches.flatMap((watch) =>
    checkWatch(watch, history).map((violation) => `watch on ${watch.prefix} after ${watch.after}: ${violation}`),
  );
}

function checkWatch(watch: RecordedWatch, history: StoreHistory): readonly string[] {
  const violations: string[] = [];
  const expected = history.changes.filter((change) => change.key.startsWith(watch.prefix) && change.entry.revision > watch.after);
  let next = 0;
  let told = watch.after;
  for (const report of watch.reports) {
    if ('error' in report) {
      violations.push(`it ended with ${report.error.message}`);
      continue;
    }
    if ('progress' in report) {
      if (report.progress < told) violations.push(`progress ${report.progress} was told after ${told}`);
      const missed = expected[next];
      if (missed !== undefined && missed.entry.revision <= report.progress)
        violations.push(`progress ${report.progress} was told before revision ${missed.entry.revision} of ${missed.key}`);
      told = Math.max(told, report.progress);
      continue;
    }
    if (report.changes.length === 0) violations.push('it was called with no changes');
    // A revision that was told in an earlier call may not go on in this one.
    if (report.changes[0] !== undefined && report.changes[0].entry.revision <= told)
      violations.push(`revision ${report.changes[0].entry.revision} was told when ${told} had been told already`);
    for (const change of report.changes) {
      const { key, entry, type } = change;
      if (!key.startsWith(watch.prefix)) {
        violations.push(`it told a change of ${key}`);
        continue;
      }
      const due = expected[next];
      if (due === undefined || due.entry.revision !== entry.revision || due.key !== key || due.type !== type) {
        violations.push(
          `expected ${due === undefined ? 'nothing' : `revision ${due.entry.revision} of ${due.key}`}, got revision ${entry.revision} of ${key}`,
        );
        return violations;
      }
      if (contentOf(due) !== contentOf(change))
        violations.push(`expected revision ${entry.revision} of ${key} to be ${contentOf(due)}, got ${contentOf(change)}`);
      next++;
      told = entry.revision;
    }
  }
  return violations;
}

const contentOf = ({ entry, previous }: StoreChange): string => JSON.stringify([entry.value, entry.createRevision, previous?.revision]);
