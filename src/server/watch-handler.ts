import type { KindDescriptor } from '../api/kind.ts';
import { apiVersionOf } from '../api/kind.ts';
import type { StoredObject } from '../api/object.ts';
import { selectedBy } from '../api/selection.ts';
import { CompactedError, ExpiredError } from '../errors.ts';
import type { StoreChange, StoreWatch } from '../stores/store.ts';
import type { Exchange } from './exchange.ts';
import type { ListEnv } from './list-handler.ts';
import { selectionOf, unreadableSelector, type ListParameters } from './list-query.ts';
import { partialOf, tableOf, includeObjectOf } from './rendering.ts';
import { statusOf } from './status.ts';

/** A watcher that leaves so many bytes unread is cut off: it lists again, and the server keeps its memory. */
const backlogBytesMax = 16 * 1024 * 1024;
const bookmarkEveryMs = 60_000;
const defaultTimeoutSeconds = 1800;

/** One watch over HTTP: lines of JSON, each an event, until the time is up, the client leaves, or the server closes. */
export class WatchHandler {
  readonly #env: ListEnv;
  readonly #exchange: Exchange;
  readonly #kind: KindDescriptor;
  readonly #parameters: ListParameters;
  readonly #namespace: string | undefined;
  readonly #selected: (object: StoredObject) => boolean;
  #watch: StoreWatch | undefined;
  #revision = 0;
  #ended = false;
  #firstTable = true;

  constructor(env: ListEnv, exchange: Exchange, kind: KindDescriptor, namespace: string | undefined, parameters: ListParameters) {
    this.#env = env;
    this.#exchange = exchange;
    this.#kind = kind;
    this.#namespace = namespace;
    this.#parameters = parameters;
    try {
      this.#selected = selectedBy(kind, selectionOf(parameters, namespace));
    } catch (error) {
      throw unreadableSelector(error);
    }
  }

  /** Resolves when the watch has ended. `closing` fires when the server closes. */
  async run(closing: AbortSignal): Promise<void> {
    const { response, request } = this.#exchange;
    const initial = await this.#initial();
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private', 'transfer-encoding': 'chunked' });
    response.flushHeaders();
    for (const object of initial.objects) this.#send('ADDED', object);
    this.#revision = initial.revision;
    if (this.#parameters.sendInitialEvents === true) this.#bookmark({ 'k8s.io/initial-events-end': 'true' });
    await new Promise<void>((resolve) => {
      const end = (): void => {
        if (this.#ended) return;
        this.#ended = true;
        this.#watch?.close();
        for (const timer of timers) timer.cancel();
        closing.removeEventListener('abort', end);
        if (!response.destroyed) response.end();
        resolve();
      };
      const timers = this.#timers(end);
      request.once('close', end);
      response.once('close', end);
      response.once('error', end);
      closing.addEventListener('abort', end, { once: true });
      this.#watch = this.#env.registry.watch(this.#kind, this.#namespace, {
        after: initial.revision,
        onChanges: (changes) => this.#take(changes, end),
        onError: (error) => {
          const gone =
            error instanceof CompactedError
              ? new ExpiredError(`too old resource version: ${this.#revision} (${error.compactRevision})`)
              : error;
          this.#write(`{"type":"ERROR","object":${JSON.stringify(statusOf(gone))}}\n`);
          end();
        },
        onProgress: (revision) => {
          this.#revision = revision;
        },
      });
      if (closing.aborted || response.destroyed) end();
    });
  }

  /** What there is, where the client starts from nothing; else where it starts. */
  async #initial(): Promise<{ readonly objects: readonly StoredObject[]; readonly revision: number }> {
    const { resourceVersion, sendInitialEvents } = this.#parameters;
    const fromNothing = resourceVersion === '' || resourceVersion === '0';
    if (sendInitialEvents !== true && (!fromNothing || sendInitialEvents === false)) {
      if (!fromNothing) return { objects: [], revision: Number(resourceVersion) };
      return { objects: [], revision: await this.#env.registry.head() };
    }
    const { entries, revision } = await this.#env.registry.list(this.#kind, this.#namespace);
    const objects = entries.map((entry) => this.#env.json.as(this.#kind, entry.value as StoredObject)).filter(this.#selected);
    return { objects, revision };
  }

  #timers(end: () => void): { cancel(): void }[] {
    const { clock } = this.#env;
    const seconds = this.#parameters.timeoutSeconds ?? defaultTimeoutSeconds;
    const { bookmarks } = this.#parameters;
    // The last thing a watch says before its time is up is how far it came: the next one goes on from there.
    const timeUp = (): void => {
      if (bookmarks) this.#bookmark();
      end();
    };
    const timers = [clock.schedule(clock.now() + Math.max(1, seconds) * 1000, timeUp)];
    if (!bookmarks) return timers;
    const beat = (): void => {
      if (this.#ended) return;
      this.#bookmark();
      timers[1] = clock.schedule(clock.now() + bookmarkEveryMs, beat);
    };
    timers[1] = clock.schedule(clock.now() + bookmarkEveryMs, beat);
    return timers;
  }

  #take(changes: readonly StoreChange[], end: () => void): void {
    for (const change of changes) {
      this.#revision = change.entry.revision;
      const object = this.#env.json.as(this.#kind, change.entry.value as StoredObject);
      const before = change.previous === undefined ? undefined : this.#env.json.as(this.#kind, change.previous.value as StoredObject);
      const was = before !== undefined && this.#selected(before);
      const is = change.type === 'put' && this.#selected(object);
      if (is) this.#send(was ? 'MODIFIED' : 'ADDED', object);
      else if (was) this.#send('DELETED', change.type === 'delete' ? object : leaving(before, object));
      if (this.#exchange.response.writableLength > backlogBytesMax) {
        end();
        return;
      }
    }
  }

  #send(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: StoredObject): void {
    if (this.#exchange.rendering.as === 'object') this.#write(this.#env.json.event(type, object));
    else this.#write(`{"type":"${type}","object":${this.#rendered(object)}}\n`);
  }

  #rendered(object: StoredObject): string {
    const { rendering, query } = this.#exchange;
    if (rendering.as !== 'Table') return JSON.stringify(partialOf(object, rendering.version));
    const include = includeObjectOf(query);
    const table = tableOf(
      this.#kind,
      [object],
      { resourceVersion: object.metadata.resourceVersion },
      rendering.version,
      include,
      this.#env.clock.now(),
    );
    // Only the first event of a watch has the columns.
    const shown = this.#firstTable ? table : { ...table, columnDefinitions: null };
    this.#firstTable = false;
    return JSON.stringify(shown);
  }

  #bookmark(annotations?: Readonly<Record<string, string>>): void {
    const metadata = {
      resourceVersion: String(this.#revision),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    this.#write(
      `${JSON.stringify({ type: 'BOOKMARK', object: { kind: this.#kind.kind, apiVersion: apiVersionOf(this.#kind), metadata } })}\n`,
    );
  }

  #write(line: string | Buffer): void {
    if (!this.#exchange.response.destroyed && !this.#ended) this.#exchange.response.write(line);
  }
}

/** What leaves a selection is shown as it was when it was last in it, at the revision at which it left. */
function leaving(before: StoredObject, now: StoredObject): StoredObject {
  return { ...before, metadata: { ...before.metadata, resourceVersion: now.metadata.resourceVersion } };
}
