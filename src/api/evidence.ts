import type { Client } from './client.ts';
import type { EventManifest } from './generated/models.ts';
import type { KindDescriptor } from './kind.ts';
import type { Stored } from './object.ts';

const shown = 8;

/** Enough of the Event kind to list Events; its full descriptor is `kinds/event.ts`. */
const events = { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true } as KindDescriptor<EventManifest>;

/** The last Events about an object, a line each, oldest first. */
export function eventsAbout(client: Client, uid: string): readonly string[] {
  return client
    .list(events)
    .filter((event) => event.involvedObject.uid === uid)
    .slice(-shown)
    .map(lineOf);
}

const longestPart = 300;

/**
 * What a status says, for a person: its plain values on the first line, then a line for each condition and each container, then the
 * rest as JSON, cut where it is long.
 */
export function statusLines(status: unknown): readonly string[] {
  if (typeof status !== 'object' || status === null) return ['status: none yet'];
  const plain: string[] = [];
  const lines: string[] = [];
  for (const [field, value] of Object.entries(status as Readonly<Record<string, unknown>>)) {
    if (typeof value !== 'object' || value === null) plain.push(`${field}=${String(value)}`);
    else if (field === 'conditions' && Array.isArray(value)) lines.push(...value.map(conditionLine));
    else if (/[cC]ontainerStatuses$/.test(field) && Array.isArray(value)) lines.push(...value.map(containerLine));
    else lines.push(`${field}: ${cut(JSON.stringify(value))}`);
  }
  return [`status: ${plain.join(', ') || 'nothing but the following'}`, ...lines];
}

interface Condition {
  readonly type?: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

const conditionLine = ({ type, status, reason, message }: Condition): string =>
  `condition ${type ?? ''}=${status ?? ''}${reason === undefined ? '' : ` (${reason})`}${message === undefined ? '' : `: ${cut(message)}`}`;

interface ContainerStatus {
  readonly name?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: Readonly<Record<string, object>>;
  readonly lastState?: Readonly<Record<string, object>>;
}

function containerLine({ name, ready, restartCount, state, lastState }: ContainerStatus): string {
  const was = stateText(lastState);
  return `container ${name ?? ''}: ${stateText(state) || 'no state'}, ready=${ready === true}, restarts=${restartCount ?? 0}${was === '' ? '' : `, before: ${was}`}`;
}

const stateText = (state: Readonly<Record<string, object>> = {}): string =>
  Object.entries(state)
    .map(([what, details]) => `${what} ${cut(JSON.stringify(details))}`)
    .join(', ');

const cut = (text: string): string => (text.length > longestPart ? `${text.slice(0, longestPart)}... (${text.length} characters)` : text);

const lineOf = ({ type, reason, message, count }: Stored<EventManifest>): string =>
  `${type ?? ''} ${reason ?? ''}${count !== undefined && count > 1 ? ` (x${count})` : ''}: ${message ?? ''}`.trim();
