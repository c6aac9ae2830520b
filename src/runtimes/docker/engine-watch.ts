import { setMaxListeners } from 'node:events';
import type { Clock } from '../../env/clock.ts';
import type { Logger } from '../../env/logger.ts';
import type { DockerBook } from './docker-book.ts';
import type { DockerContainer } from './docker-container.ts';
import { labels, nodeFilter } from './docker-labels.ts';
import type { EngineEvent } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import { jsonLines } from './json-lines.ts';
import { isOwnDoing } from './own-doing.ts';

/** How often everything is listed though no event came: engines drop events, and forget them when they restart. */
const relistMs = 5000;
/** At every so many of these, what the list has as running is inspected too. */
const thoroughEvery = 12;
const reconnectMs = 500;
/** How long a wait looks away if no event wakes it. */
const lookMs = 1000;

export interface EngineWatchParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: DockerBook;
  readonly clusterId: string;
  readonly nodeName: string;
}

/**
 * Hears of changes. Events are hints: after every (re)connection, and every few seconds, the engine's list is compared with what was
 * known. Also says whether the engine has answered lately.
 */
export class EngineWatch {
  readonly #parts: EngineWatchParts;
  readonly #stop = new AbortController();
  readonly #waiting = new Map<string, Set<() => void>>();
  #running: Promise<unknown> = Promise.resolve();

  constructor(parts: EngineWatchParts) {
    setMaxListeners(0, this.#stop.signal);
    this.#parts = parts;
  }

  start(): void {
    this.#running = Promise.all([this.#listen(), this.#relist()]);
  }

  /** Tells those who wait for the pod, and the listeners, that something may have changed. */
  changed(podUid: string): void {
    this.wake(podUid);
    this.#parts.book.heard(podUid);
    this.#parts.book.pods.emit(podUid);
  }

  /** Tells only those who wait for the pod. */
  wake(podUid: string): void {
    for (const wake of this.#waiting.get(podUid) ?? []) wake();
  }

  /** Looks again whenever the pod may have changed, until the condition holds. A look that fails is repeated. */
  async until(podUid: string, condition: () => Promise<boolean>, signal: AbortSignal, dueMs: () => number = () => Infinity): Promise<void> {
    const { clock } = this.#parts;
    for (;;) {
      let woken = false;
      let wake: () => void = () => (woken = true);
      const waiting = this.#waiting.get(podUid) ?? new Set();
      const call = (): void => wake();
      this.#waiting.set(podUid, waiting.add(call));
      try {
        if (await condition().catch(() => false)) return;
        signal.throwIfAborted();
        const pause = new AbortController();
        wake = () => pause.abort();
        if (woken) continue;
        const forMs = Math.min(lookMs, Math.max(0, dueMs() - clock.now()));
        await clock.sleep(forMs, AbortSignal.any([signal, pause.signal])).catch(() => signal.throwIfAborted());
      } finally {
        waiting.delete(call);
        if (waiting.size === 0) this.#waiting.delete(podUid);
      }
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Compares the engine's list with what was known, and tells what is different. Also sets right what somebody paused or started again. */
  async compare(): Promise<void> {
    const { book } = this.#parts;
    const refreshed = book.refresh(undefined, { signal: this.#stop.signal }, (podUid) => this.changed(podUid));
    await Promise.allSettled([refreshed]);
    const containers = book.pods.all().flatMap((pod) => [...pod.containers.values()]);
    await Promise.all([
      ...containers
        .filter(({ paused, running }) => paused && running)
        .map((container) => this.#resume(container.engineId, container.podUid)),
      ...containers.filter(({ revived }) => revived).map((container) => this.endAgain(container, this.#stop.signal)),
    ]);
    await refreshed;
  }

  /** A container has one life: whatever somebody starts again has been replaced, and may hold its successor's address. */
  async endAgain(container: DockerContainer, signal: AbortSignal): Promise<void> {
    const { engineId, podUid } = container;
    this.#parts.logger.warn(
      { podUid, container: engineId.slice(0, 12) },
      'a container that had ended was started by somebody else: it is killed',
    );
    const request = { method: 'POST', path: `/containers/${engineId}/kill` } as const;
    await this.#parts.engine.json('end a container again', request, { signal }).catch(() => undefined);
    container.revived = false;
  }

  /** Nobody pauses containers of pods but somebody who meddles: Kubernetes has no such state. */
  async #resume(engineId: string, podUid: string): Promise<void> {
    this.#parts.logger.warn({ podUid, container: engineId.slice(0, 12) }, 'a container was paused by somebody else: it goes on');
    const request = { method: 'POST', path: `/containers/${engineId}/unpause` } as const;
    await this.#parts.engine.json('resume a container', request, { signal: this.#stop.signal }).catch(() => undefined);
  }

  async #relist(): Promise<void> {
    const { clock } = this.#parts;
    const { signal } = this.#stop;
    for (let n = 1; !signal.aborted; n++) {
      await clock.sleep(relistMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      if (n % thoroughEvery === 0) this.#parts.book.doubt();
      await this.#compareOrSay();
    }
  }

  async #compareOrSay(): Promise<void> {
    const { logger } = this.#parts;
    await this.compare().catch((error: unknown) => logger.debug({ error: (error as Error).message }, 'the engine could not be listed'));
  }

  async #listen(): Promise<void> {
    const { engine, clock, logger } = this.#parts;
    const { signal } = this.#stop;
    const filters = JSON.stringify({ ...(JSON.parse(nodeFilter(this.#parts)) as object), type: ['container'] });
    let since = clock.now();
    while (!signal.aborted) {
      try {
        const query = { filters, since: (since / 1000).toFixed(3) };
        const source = await engine.stream('listen to events', { method: 'GET', path: '/events', query }, signal);
        source.once('error', () => undefined);
        // One container that cannot be looked at makes nobody deaf.
        const compared = this.#compareOrSay();
        try {
          for await (const event of jsonLines<EngineEvent>(source)) since = this.#hear(event) ?? since;
        } finally {
          await compared;
        }
      } catch (error) {
        if (!signal.aborted) logger.debug({ error: (error as Error).message }, 'the stream of events ended');
      }
      await clock.sleep(reconnectMs, signal).catch(() => undefined);
    }
  }

  /** Returns when the event was, in milliseconds. */
  #hear(event: EngineEvent): number | undefined {
    const { book } = this.#parts;
    const engineId = event.Actor?.ID ?? '';
    const podUid = event.Actor?.Attributes?.[labels.podUid];
    if (event.Action === 'die') book.doubt(engineId);
    if (podUid !== undefined) {
      const container = book.byEngineId(podUid, engineId);
      // Whoever stops a container waits for its end, and tells what came of it.
      if (event.Action === 'die' && container?.killAtMs !== undefined && this.#waiting.has(podUid)) this.wake(podUid);
      else if (!isOwnDoing(event, container)) this.changed(podUid);
    }
    return event.timeNano === undefined ? undefined : event.timeNano / 1e6;
  }
}
