import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedData } from '../shared-data.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: Json;
  readonly contentType?: string;
}

export interface RecordedStep extends RecordedRequest {
  readonly expect: { readonly status: number; readonly body: JsonObject };
}

export interface Scenario {
  readonly name: string;
  readonly setup: readonly RecordedRequest[];
  readonly steps: readonly RecordedStep[];
}

/** The scenarios of one area as recorded from Kubernetes; none where the shared data was not given. */
export function scenarios(area: string): readonly Scenario[] {
  if (sharedData === undefined) return [];
  return JSON.parse(readFileSync(join(sharedData, 'conformance', 'corpus', `${area}.json`), 'utf8')) as Scenario[];
}

/** One query parameter of a request's path. */
export function query(path: string, name: string): string | undefined {
  return new URL(path.replaceAll('{{', '').replaceAll('}}', ''), 'http://x').searchParams.get(name) ?? undefined;
}
