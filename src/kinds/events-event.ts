import type { FieldErrors } from '../api/field-errors.ts';
import type { EventManifest, EventsEventManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { KubeObject, Stored, StoredObject } from '../api/object.ts';
import { validateUnchanged } from './field-checks.ts';
import { eventKind } from './event.ts';

/** Fields of `events.k8s.io/v1` with another name in `v1`. */
const renamed = {
  deprecatedCount: 'count',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedSource: 'source',
  note: 'message',
  regarding: 'involvedObject',
  reportingController: 'reportingComponent',
} as const satisfies Partial<Record<keyof EventsEventManifest, keyof EventManifest>>;
const newNames: ReadonlyMap<string, string> = new Map(Object.entries(renamed));
const oldNames: ReadonlyMap<string, string> = new Map(Object.entries(renamed).map(([now, before]) => [before, now]));

function rename(object: object, names: ReadonlyMap<string, string>, apiVersion: string): Record<string, unknown> {
  const entries = Object.entries(object).map(([key, value]) => [names.get(key) ?? key, value] as const);
  return { ...Object.fromEntries(entries), apiVersion };
}

/** What the newer API asks for beyond the older one. Kubernetes uses the older names in its messages. */
function validateCreate(event: EventsEventManifest, errors: FieldErrors): void {
  if (event.series !== undefined) {
    if (event.series.count < 2) errors.invalid('series.count', '', 'should be at least 2');
    if ((event.series.lastObservedTime ?? '') === '') errors.required('series.lastObservedTime');
  }
  if ((event.eventTime ?? '') === '') errors.required('eventTime');
  if (event.type !== 'Normal' && event.type !== 'Warning') errors.invalid('type', '', `has invalid value: ${event.type ?? ''}`);
  for (const field of ['deprecatedFirstTimestamp', 'deprecatedLastTimestamp', 'deprecatedCount'] as const) {
    const value = event[field];
    if (value !== undefined && value !== 0) errors.invalid(renamed[field], '', 'needs to be unset');
  }
  const { component = '', host = '' } = event.deprecatedSource ?? {};
  if (component !== '' || host !== '') errors.invalid('source', '', 'needs to be unset');
}

const immutable = [
  ['regarding', 'involvedObject'],
  ['reason', 'reason'],
  ['note', 'message'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingController', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const;

/** The same objects as the core group's Events, under newer names. */
export const eventsEventKind: KindDescriptor<EventsEventManifest> = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  model: 'EventsEvent',
  nameRule: 'path-segment',
  updatesUnconditionally: false,
  hasGeneration: false,
  hasStatus: false,
  storedAs: {
    kind: eventKind as KindDescriptor,
    fromStored: (object) => rename(object, oldNames, 'events.k8s.io/v1') as unknown as StoredObject,
    toStored: (object) => rename(object, newNames, 'v1') as unknown as KubeObject,
  },
  selectableFields: {
    'regarding.kind': (event) => event.regarding?.kind ?? '',
    'regarding.namespace': (event) => event.regarding?.namespace ?? '',
    'regarding.name': (event) => event.regarding?.name ?? '',
    'regarding.uid': (event) => event.regarding?.uid ?? '',
    'regarding.apiVersion': (event) => event.regarding?.apiVersion ?? '',
    'regarding.resourceVersion': (event) => event.regarding?.resourceVersion ?? '',
    'regarding.fieldPath': (event) => event.regarding?.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingController: (event) => event.reportingController ?? '',
    type: (event) => event.type ?? '',
  },
  validateCreate,
  validateUpdate: (event, old, errors) => {
    for (const [field, path] of immutable) validateUnchanged(event[field], old[field], path, errors);
  },
  ...(eventKind.columns === undefined
    ? {}
    : {
        columns: eventKind.columns.map((column) => ({
          ...column,
          cell: (event: Stored<EventsEventManifest>, nowMs: number) =>
            column.cell(rename(event, newNames, 'v1') as unknown as Stored<EventManifest>, nowMs),
        })),
      }),
};
