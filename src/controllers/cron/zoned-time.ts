import { formatTime } from '../../api/time.ts';
import type { Instant } from '../../env/clock.ts';

/** RFC 3339 with the offset of a time zone: `2026-03-29T03:30:00+02:00`; in UTC unless a zone is given. */
export function zonedTime(at: Instant, timeZone: string | undefined): string {
  if (timeZone === undefined) return formatTime(at);
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at);
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT';
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(name);
  if (match === null) return formatTime(at);
  const offsetMs = (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
  return formatTime(at + offsetMs).replace('Z', `${match[1]}${match[2]}:${match[3]}`);
}
