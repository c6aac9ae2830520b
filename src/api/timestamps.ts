import { formatTime } from './time.ts';

const notation = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;
const canonicalSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const canonicalMicros = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

const msIn400Years = 146_097 * 86_400_000;

/** A moment: whole milliseconds since 1970, and the microseconds beyond them. */
interface Moment {
  readonly ms: number;
  readonly micros: number;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function readMoment(text: string): Moment | undefined {
  const match = notation.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59) return undefined;
  const offset = match[8] === undefined ? 0 : (match[8] === '-' ? -1 : 1) * (Number(match[9]) * 60 + Number(match[10]));
  const fraction = (match[7] ?? '').padEnd(6, '0');
  // The calendar repeats every 400 years; Date.UTC would read years below 100 as 19xx.
  const start = Date.UTC(year + 400, month - 1, day, hour, minute, second) - msIn400Years;
  return { ms: start - offset * 60_000 + Number(fraction.slice(0, 3)), micros: Number(fraction.slice(3, 6)) };
}

/** A time as Kubernetes stores it: UTC, whole seconds; undefined for what is no time. */
export function canonicalTime(text: string): string | undefined {
  const moment = readMoment(text);
  if (moment === undefined) return undefined;
  return canonicalSeconds.test(text) ? text : formatTime(moment.ms);
}

/** A time with microseconds as Kubernetes stores it; as there, all six digits must be given. */
export function canonicalMicroTime(text: string): string | undefined {
  const moment = readMoment(text);
  if (moment === undefined || !/\.\d{6}(?:Z|[+-])/.test(text)) return undefined;
  if (canonicalMicros.test(text)) return text;
  return `${new Date(moment.ms).toISOString().slice(0, -1)}${String(moment.micros).padStart(3, '0')}Z`;
}
