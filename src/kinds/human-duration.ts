const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

function withRest(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

/** How kubectl writes a duration: two or three figures, with a second unit where the first alone would say little (`95s`, `5m30s`, `3h`, `2y45d`). */
export function humanDuration(ms: number): string {
  // A clock of another machine may be a little ahead.
  if (ms < -2 * second) return '<invalid>';
  if (ms < 0) return '0s';
  if (ms < 2 * minute) return `${Math.trunc(ms / second)}s`;
  if (ms < 10 * minute) return withRest(Math.trunc(ms / minute), 'm', Math.trunc(ms / second) % 60, 's');
  if (ms < 3 * hour) return `${Math.trunc(ms / minute)}m`;
  if (ms < 8 * hour) return withRest(Math.trunc(ms / hour), 'h', Math.trunc(ms / minute) % 60, 'm');
  if (ms < 2 * day) return `${Math.trunc(ms / hour)}h`;
  if (ms < 8 * day) return withRest(Math.trunc(ms / day), 'd', Math.trunc(ms / hour) % 24, 'h');
  if (ms < 2 * year) return `${Math.trunc(ms / day)}d`;
  if (ms < 8 * year) return withRest(Math.trunc(ms / year), 'y', Math.trunc(ms / day) % 365, 'd');
  return `${Math.trunc(ms / year)}y`;
}
