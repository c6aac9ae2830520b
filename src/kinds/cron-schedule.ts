/** What may stand in one field of a schedule. */
interface CronField {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fields: readonly CronField[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 6, names: days },
];
const descriptors = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
const goDuration = /^(?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|ms|s|m|h))+$/;

function valueOf(text: string, field: CronField): number | undefined {
  const name = field.names?.indexOf(text.toLowerCase()) ?? -1;
  if (name >= 0) return name + field.min;
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

function problemOfPart(part: string, field: CronField): string | undefined {
  const [range = '', step, ...more] = part.split('/');
  if (more.length > 0) return `too many slashes: ${part}`;
  if (step !== undefined && !/^[0-9]+$/.test(step)) return `failed to parse int from ${step}`;
  if (step !== undefined && Number(step) === 0) return `step of range should be a positive number: ${part}`;
  if (range === '*' || range === '?') return undefined;
  const [from = '', to, ...rest] = range.split('-');
  if (rest.length > 0) return `too many hyphens: ${part}`;
  const low = valueOf(from, field);
  const high = to === undefined ? low : valueOf(to, field);
  if (low === undefined || high === undefined) return `failed to parse int from ${low === undefined ? from : to!}`;
  if (low < field.min) return `beginning of range (${low}) below minimum (${field.min}): ${part}`;
  if (high > field.max) return `end of range (${high}) above maximum (${field.max}): ${part}`;
  return low > high ? `beginning of range (${low}) beyond end of range (${high}): ${part}` : undefined;
}

/**
 * What is wrong with the schedule of a CronJob; undefined if nothing is. Five fields, or `@hourly` and the like, or `@every 5m`.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
 */
export function scheduleProblem(schedule: string): string | undefined {
  if (schedule.startsWith('@every ')) {
    return goDuration.test(schedule.slice('@every '.length)) ? undefined : `failed to parse duration ${schedule}`;
  }
  if (schedule.startsWith('@')) return descriptors.includes(schedule) ? undefined : `unrecognized descriptor: ${schedule}`;
  const parts = schedule.split(/\s+/).filter((part) => part !== '');
  if (parts.length !== fields.length) return `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(' ')}]`;
  for (const [i, text] of parts.entries()) {
    for (const part of text.split(',')) {
      const problem = problemOfPart(part, fields[i]!);
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}
