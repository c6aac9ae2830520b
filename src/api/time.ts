import type { Instant } from '../env/clock.ts';

const milliseconds = /\.\d{3}Z$/;

/** Kubernetes' `Time`: RFC 3339 in UTC with whole seconds. */
export function formatTime(at: Instant): string {
  // A replacement makes one flat text; a slice with something added would keep the longer one alive behind it.
  return new Date(at).toISOString().replace(milliseconds, 'Z');
}

/** Kubernetes' `MicroTime`: RFC 3339 in UTC with microseconds. */
export function formatMicroTime(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`;
}

/** The instant a `Time` or `MicroTime` names; NaN if it names none. */
export function parseTime(text: string): Instant {
  return Date.parse(text);
}
