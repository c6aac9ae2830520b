import type { ServerResponse } from 'node:http';
import { resourceName } from '../api/kind.ts';
import type { KindIndex } from '../api/kind-index.ts';
import type { ViewReader } from '../api/view-reader.ts';
import type { Clock } from '../env/clock.ts';
import type { RequestPath } from './request-path.ts';

export interface RequestMetricsParts {
  readonly clock: Clock;
  readonly kinds: KindIndex;
  readonly view: ViewReader;
}

/** What is counted of the requests with one verb for one resource. */
interface Series {
  count: number;
  seconds: number;
  /** How many took no longer than each bound. */
  readonly buckets: number[];
}

const boundsSeconds = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 5, 10, 30, 60];
const verbs: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };
const known: ReadonlySet<string> = new Set([
  'GET',
  'LIST',
  'WATCH',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'DELETECOLLECTION',
  'HEAD',
  'OPTIONS',
]);

/**
 * Counts requests, and writes what `/metrics` shows, in Prometheus' text format and with the names of Kubernetes.
 *
 * Source: https://kubernetes.io/docs/reference/instrumentation/metrics/
 */
export class RequestMetrics {
  readonly #parts: RequestMetricsParts;
  readonly #totals = new Map<string, number>();
  readonly #durations = new Map<string, Series>();
  readonly #longRunning = new Map<string, number>();

  constructor(parts: RequestMetricsParts) {
    this.#parts = parts;
  }

  /** Counts a request of somebody who is known, once its answer has ended. `verb` is that of authorization. */
  observe(response: ServerResponse, path: RequestPath, verb: string): void {
    const { clock } = this.#parts;
    const startedAt = clock.now();
    const shown = verbs[verb] ?? verb.toUpperCase();
    // What clients make up must not become a series of its own.
    const labels = `verb="${known.has(shown) ? shown : 'other'}",resource="${this.#resourceOf(path)}"`;
    const isWatch = shown === 'WATCH';
    if (isWatch) add(this.#longRunning, labels, 1);
    response.once('close', () => {
      add(this.#totals, `${labels},code="${response.headersSent ? response.statusCode : 0}"`, 1);
      if (isWatch) add(this.#longRunning, labels, -1);
      else this.#took(labels, Math.max(0, clock.now() - startedAt) / 1000);
    });
  }

  text(): string {
    const { kinds, view } = this.#parts;
    const objects = kinds.stored().map((kind) => [`resource="${resourceName(kind)}"`, view.count(kind)] as const);
    return [
      ...family('apiserver_request_total', 'counter', 'Requests that were answered.', this.#totals),
      ...this.#histogram('apiserver_request_duration_seconds'),
      ...family('apiserver_longrunning_requests', 'gauge', 'Watches that are open.', this.#longRunning),
      ...family('apiserver_storage_objects', 'gauge', 'Objects that are stored.', objects),
      ...family('coxswain_store_revision', 'gauge', 'The revision of the store up to which the cluster has read.', [['', view.revision]]),
      ...family('process_resident_memory_bytes', 'gauge', 'Memory of this process.', [['', process.memoryUsage.rss()]]),
      '',
    ].join('\n');
  }

  #resourceOf(path: RequestPath): string {
    if (path.type !== 'resource') return '';
    const kind = this.#parts.kinds.byResource(path.group === '' ? path.version : `${path.group}/${path.version}`, path.resource);
    return kind === undefined ? '' : resourceName(kind);
  }

  #took(labels: string, seconds: number): void {
    let series = this.#durations.get(labels);
    if (series === undefined) this.#durations.set(labels, (series = { count: 0, seconds: 0, buckets: boundsSeconds.map(() => 0) }));
    series.count++;
    series.seconds += seconds;
    for (const [index, bound] of boundsSeconds.entries()) if (seconds <= bound) series.buckets[index]!++;
  }

  #histogram(name: string): readonly string[] {
    return [
      ...heading(name, 'histogram', 'How long answers took, but for watches.'),
      ...[...this.#durations].flatMap(([labels, { count, seconds, buckets }]) => [
        ...boundsSeconds.map((bound, index) => `${name}_bucket{${labels},le="${bound}"} ${buckets[index]}`),
        `${name}_bucket{${labels},le="+Inf"} ${count}`,
        `${name}_sum{${labels}} ${seconds}`,
        `${name}_count{${labels}} ${count}`,
      ]),
    ];
  }
}

function add(to: Map<string, number>, key: string, value: number): void {
  to.set(key, (to.get(key) ?? 0) + value);
}

const heading = (name: string, type: string, help: string): readonly string[] => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];

function family(name: string, type: string, help: string, samples: Iterable<readonly [string, number]>): readonly string[] {
  return [...heading(name, type, help), ...[...samples].map(([labels, value]) => `${name}${labels === '' ? '' : `{${labels}}`} ${value}`)];
}
