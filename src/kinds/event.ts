import type { FieldErrors } from '../api/field-errors.ts';
import type { EventManifest } from '../api/generated/models.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { checkDns1123Subdomain, checkQualifiedName } from '../api/names.ts';
import { ageOf, column } from './columns.ts';
import type { Client } from '../api/client.ts';
import { Handle } from '../api/handle.ts';

type StoredEvent = Stored<EventManifest>;

const shortMax = 128;
const messageMax = 1024;
const otherNamespace = 'does not match event.namespace';

function validateLength(value: string, max: number, path: string, errors: FieldErrors): void {
  if (value.length > max) errors.invalid(path, '', `can have at most ${max} characters`);
}

/** Events with an `eventTime` are of the newer sort and must say more. */
function validateNewer(event: EventManifest, errors: FieldErrors): void {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event;
  const namespace = event.metadata.namespace ?? '';
  if ((event.involvedObject.namespace ?? '') === '' && namespace !== 'default' && namespace !== 'kube-system') {
    errors.invalid('involvedObject.namespace', '', otherNamespace);
  }
  if (reportingComponent === '') errors.required('reportingController');
  for (const problem of checkQualifiedName(reportingComponent)) errors.invalid('reportingController', reportingComponent, problem);
  for (const [path, value] of Object.entries({ reportingInstance, action, reason })) {
    if (value === '') errors.required(path);
    validateLength(value, shortMax, path, errors);
  }
  validateLength(message, messageMax, 'message', errors);
}

function validate(event: EventManifest, errors: FieldErrors): void {
  const namespace = event.metadata.namespace ?? '';
  const involved = event.involvedObject.namespace ?? '';
  // A time that was not given is null where it came over HTTP.
  if ((event.eventTime ?? '') !== '') validateNewer(event, errors);
  else if (involved === '' ? namespace !== '' && namespace !== 'default' : involved !== namespace) {
    errors.invalid('involvedObject.namespace', involved, otherNamespace);
  }
  for (const problem of checkDns1123Subdomain(namespace)) errors.invalid('namespace', namespace, problem);
}

function lastSeen(event: StoredEvent, nowMs: number): string {
  return event.series === undefined ? ageOf(event.lastTimestamp ?? event.eventTime, nowMs) : ageOf(event.series.lastObservedTime, nowMs);
}

function objectText({ involvedObject: { kind = '', name = '' } }: StoredEvent): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

function sourceText({ source, reportingComponent = '', reportingInstance = '' }: StoredEvent): string {
  const component = source?.component || reportingComponent;
  const host = source?.host || reportingInstance;
  return host === '' ? component : `${component}, ${host}`;
}

function countOf(event: StoredEvent): number {
  return event.series?.count ?? (event.count || 1);
}

export const eventKind: KindDescriptor<EventManifest> = {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  model: 'Event',
  nameRule: 'path-segment',
  createsOnUpdate: true,
  hasGeneration: false,
  hasStatus: false,
  applyDefaults: (draft) => {
    draft.source ??= {};
    draft.reportingComponent ??= '';
    draft.reportingInstance ??= '';
  },
  validate,
  selectableFields: {
    'involvedObject.kind': (event) => event.involvedObject.kind ?? '',
    'involvedObject.namespace': (event) => event.involvedObject.namespace ?? '',
    'involvedObject.name': (event) => event.involvedObject.name ?? '',
    'involvedObject.uid': (event) => event.involvedObject.uid ?? '',
    'involvedObject.apiVersion': (event) => event.involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': (event) => event.involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': (event) => event.involvedObject.fieldPath ?? '',
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component || event.reportingComponent || '',
    type: (event) => event.type ?? '',
  },
  columns: [
    column('Last Seen', lastSeen),
    column('Type', (event) => event.type ?? ''),
    column('Reason', (event) => event.reason ?? ''),
    column('Object', objectText),
    column('Subobject', (event) => event.involvedObject.fieldPath ?? '', { wide: true }),
    column('Source', sourceText, { wide: true }),
    column('Message', (event) => (event.message ?? '').trim()),
    column('First Seen', (event, nowMs) => ageOf(event.firstTimestamp ?? event.eventTime, nowMs), { wide: true }),
    column('Count', countOf, { wide: true }),
    { name: 'Name', type: 'string', format: 'name', priority: 1, cell: (event) => event.metadata.name },
  ],
};

/**
 * Something that happened to an object.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
export class Event extends Handle<EventManifest> {
  constructor(manifest: EventManifest, client?: Client) {
    super(eventKind, manifest, client);
  }
}
