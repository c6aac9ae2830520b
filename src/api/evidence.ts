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

const lineOf = ({ type, reason, message, count }: Stored<EventManifest>): string =>
  `${type ?? ''} ${reason ?? ''}${count !== undefined && count > 1 ? ` (x${count})` : ''}: ${message ?? ''}`.trim();
