import type { Clock } from '../../env/clock.ts';
import type { Logger } from '../../env/logger.ts';
import { hasStatus } from './engine-answered.ts';
import type { ImagePuller } from './image-puller.ts';

/** When images that nobody uses go. Only those that this runtime itself has fetched are ever removed. */
export interface ImageGarbageOptions {
  /** An image that no container has used for so long goes, in milliseconds. No limit unless given. */
  readonly unusedMs?: number;
  /**
   * Of the images fetched, those unused for the longest go until the rest have no more bytes than this; none that was fetched or used in
   * the last two minutes. No limit unless given.
   */
  readonly maximumBytes?: number;
}

export interface ImageGarbageParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly images: Pick<ImagePuller, 'fetched' | 'removeFetched'>;
  readonly options: ImageGarbageOptions;
  /** The ids of the images that the node's containers are made of. */
  readonly inUse: () => ReadonlySet<string>;
}

const lookMsMax = 60_000;
/** Who has an image fetched makes a container of it a moment later: so long nobody takes it away. */
const youngMsMax = 120_000;

/**
 * Removes fetched images that are no longer used. What another program's container is made of the engine keeps, and what was on the
 * engine before is not ours.
 * Source: https://kubernetes.io/docs/concepts/architecture/garbage-collection/#containers-images
 */
export class ImageGarbage {
  readonly #parts: ImageGarbageParts;
  /** By the images' ids: a name may move on to another one. */
  readonly #usedAtMs = new Map<string, number>();
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ImageGarbageParts) {
    this.#parts = parts;
  }

  start(): void {
    const { unusedMs, maximumBytes } = this.#parts.options;
    if (unusedMs === undefined && maximumBytes === undefined) return;
    this.#running = this.#run(Math.min(unusedMs ?? lookMsMax, lookMsMax));
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** One look. Returns the names of what was removed. */
  async collect(): Promise<readonly string[]> {
    const { clock, images, options, inUse } = this.#parts;
    const { unusedMs = Infinity, maximumBytes = Infinity } = options;
    const [now, used] = [clock.now(), inUse()];
    const all = [...images.fetched].map(([name, { id, sizeBytes, fetchedAtMs }]) => {
      if (used.has(id)) this.#usedAtMs.set(id, now);
      return { id, name, sizeBytes, isUsed: used.has(id), usedAtMs: Math.max(fetchedAtMs, this.#usedAtMs.get(id) ?? 0) };
    });
    let bytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const removed: string[] = [];
    for (const { id, name, sizeBytes, isUsed, usedAtMs } of all.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      const unusedForMs = now - usedAtMs;
      const young = unusedForMs < Math.min(unusedMs, youngMsMax);
      if (isUsed || young || (unusedForMs < unusedMs && bytes <= maximumBytes)) continue;
      if (!(await this.#remove(name))) continue;
      this.#usedAtMs.delete(id);
      bytes -= sizeBytes;
      removed.push(name);
    }
    return removed;
  }

  async #remove(name: string): Promise<boolean> {
    const { images, logger } = this.#parts;
    try {
      if (!(await images.removeFetched(name))) return false;
      logger.info({ image: name }, 'an image that nobody uses was removed');
      return true;
    } catch (error) {
      // A container of somebody else's is made of it.
      if (!hasStatus(error, 409)) logger.warn({ image: name, error: (error as Error).message }, 'an unused image could not be removed');
      return false;
    }
  }

  async #run(everyMs: number): Promise<void> {
    const { clock, logger } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await clock.sleep(everyMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.collect().catch((error: unknown) => logger.warn({ error: (error as Error).message }, 'unused images were not looked for'));
    }
  }
}
