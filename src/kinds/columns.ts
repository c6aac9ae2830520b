import type { LabelSelector, PodTemplateSpec } from '../api/generated/models.ts';
import type { PrintedColumn } from '../api/kind.ts';
import { LabelMatcher } from '../api/label-matcher.ts';
import type { StoredMeta } from '../api/object.ts';
import { humanDuration } from './human-duration.ts';

type Cell = string | number | boolean | null;

interface HasMeta {
  readonly metadata: StoredMeta;
}

interface ColumnOptions {
  readonly type?: PrintedColumn<unknown>['type'];
  /** Shown with `-o wide` only. */
  readonly wide?: boolean;
}

/** A column of text unless `type` says otherwise. */
export function column<T>(name: string, cell: (object: T, nowMs: number) => Cell, options: ColumnOptions = {}): PrintedColumn<T> {
  return { name, type: options.type ?? 'string', priority: options.wide === true ? 1 : 0, cell };
}

export const nameColumn: PrintedColumn<HasMeta> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  priority: 0,
  cell: (object) => object.metadata.name,
};

/** How long ago an RFC 3339 time was: `5m`. */
export function ageOf(time: string | null | undefined, nowMs: number): string {
  return time === undefined || time === null || time === '' ? '<unknown>' : humanDuration(nowMs - Date.parse(time));
}

export const ageColumn: PrintedColumn<HasMeta> = column('Age', (object, nowMs) => ageOf(object.metadata.creationTimestamp, nowMs));

export const createdAtColumn: PrintedColumn<HasMeta> = column('Created At', (object) => object.metadata.creationTimestamp, {
  type: 'date',
});

export function orNone(text: string | undefined): string {
  return text === undefined || text === '' ? '<none>' : text;
}

/** `a=b,c=d`, or `<none>`. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return orNone(pairs.sort().join(','));
}

export function selectorText(selector: LabelSelector | undefined): string {
  return selector === undefined ? '<none>' : orNone(LabelMatcher.of(selector).toString());
}

/** The names of the containers of a template, as wide listings of workloads have them. */
export function containersColumn<T>(template: (object: T) => PodTemplateSpec | undefined): PrintedColumn<T> {
  return column('Containers', (object) => (template(object)?.spec?.containers ?? []).map((container) => container.name).join(','), {
    wide: true,
  });
}

export function imagesColumn<T>(template: (object: T) => PodTemplateSpec | undefined): PrintedColumn<T> {
  return column('Images', (object) => (template(object)?.spec?.containers ?? []).map((container) => container.image ?? '').join(','), {
    wide: true,
  });
}
