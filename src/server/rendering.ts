import type { KindDescriptor, PrintedColumn } from '../api/kind.ts';
import type { StoredObject } from '../api/object.ts';
import { parseTime } from '../api/time.ts';
import type { Instant } from '../env/clock.ts';
import { ApiError, BadRequestError } from '../errors.ts';
import { columnDescription } from './column-descriptions.ts';

/** Ages as kubectl shows them: `5s`, `3m20s`, `4h`, `12d`. */
export function ageText(sinceMs: number): string {
  const seconds = Math.max(0, Math.floor(sinceMs / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  const rest = days % 365;
  return years < 8 && rest !== 0 ? `${years}y${rest}d` : `${years}y`;
}

const plainColumns: readonly PrintedColumn<StoredObject>[] = [
  { name: 'Name', type: 'string', format: 'name', cell: ({ metadata }) => metadata.name },
  { name: 'Created At', type: 'date', cell: ({ metadata }) => metadata.creationTimestamp },
];

/** What a table row carries besides its cells: `includeObject` of the query. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** The query's `includeObject`. */
export function includeObjectOf(query: URLSearchParams): IncludeObject {
  const given = query.get('includeObject') ?? '';
  if (given === '') return 'Metadata';
  if (given === 'None' || given === 'Metadata' || given === 'Object') return given;
  throw new BadRequestError(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(given)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The Table rendering of objects, with Kubernetes' columns. */
export function tableOf(
  kind: KindDescriptor,
  objects: readonly StoredObject[],
  listMeta: object,
  version: string,
  include: IncludeObject,
  now: Instant,
): object {
  const columns = (kind.columns ?? plainColumns) as readonly PrintedColumn<StoredObject>[];
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata: listMeta,
    columnDefinitions: columns.map(({ name, type, format, priority, description }) => ({
      name,
      type,
      format: format ?? '',
      description: description ?? columnDescription(kind.plural, name),
      priority: priority ?? 0,
    })),
    rows: objects.map((object) => {
      const conditions = kind.rowConditions?.(object as never) ?? [];
      return {
        cells: columns.map((column) => column.cell(object, now)),
        ...(conditions.length === 0 ? {} : { conditions }),
        object: include === 'None' ? null : include === 'Object' ? object : partialOf(object, version),
      };
    }),
  };
}

const notAcceptable = (message: string): ApiError => new ApiError(406, 'NotAcceptable', message, undefined, { retryable: false });

/** Go's name of the type of a kind's objects. */
const goType = ({ group, kind }: KindDescriptor): string => `*${group === '' ? 'core' : group.split('.')[0]!}.${kind}`;

export function isAList(kind: KindDescriptor): ApiError {
  return notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${goType(kind)}List)`);
}

export function notAList(kind: KindDescriptor): ApiError {
  return notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${goType(kind)})`);
}

export function partialOf(object: StoredObject, version: string): object {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

export const ageOf = (object: StoredObject, now: Instant): string => ageText(now - parseTime(object.metadata.creationTimestamp));
