import type { Client } from '../api/client.ts';
import type { PersistentVolumeManifest } from '../api/generated/models.ts';
import type { Stored } from '../api/object.ts';
import type { Clock, Instant } from '../env/clock.ts';
import type { Logger } from '../env/logger.ts';
import { localNodeAnnotation, localVolumeFinalizer } from '../kinds/persistent-volume/local-volumes.ts';
import { persistentVolumeKind } from '../kinds/persistent-volume.ts';
import type { ObjectChange, Participant, StepReport } from '../loop/participant.ts';
import type { Runtime } from '../runtimes/runtime.ts';

type Volume = Stored<PersistentVolumeManifest>;

const retryMs = 10_000;
const timeoutMs = 60_000;

export interface LocalVolumesParts {
  readonly client: () => Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The runtime of a node of this process; undefined for other nodes. */
  readonly runtimeOf: (nodeName: string) => Runtime | undefined;
}

/** Removes the contents of volumes of this process's nodes, once nobody holds them any more, and then lets the volumes go. */
export class LocalVolumes implements Participant {
  readonly name = 'local-volumes';
  readonly #parts: LocalVolumesParts;
  readonly #leaving = new Map<string, Volume>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #retryAt = new Map<string, Instant>();
  #wake: () => void = () => undefined;
  #progressed = false;
  #closed = false;

  constructor(parts: LocalVolumesParts) {
    this.#parts = parts;
  }

  start(wake: () => void): void {
    this.#wake = wake;
  }

  onChanges(changes: readonly ObjectChange[]): void {
    for (const { type, object } of changes) {
      if (object.kind !== 'PersistentVolume') continue;
      const { name, deletionTimestamp, finalizers = [] } = object.metadata;
      // The last to let go: others may still need what is in it.
      const isLast = finalizers.length === 1 && finalizers[0] === localVolumeFinalizer;
      if (type !== 'deleted' && deletionTimestamp !== undefined && isLast) this.#leaving.set(name, object as Volume);
      else this.#leaving.delete(name);
    }
  }

  step(now: Instant): StepReport {
    for (const [name, volume] of this.#leaving) {
      if (this.#busy.has(name) || (this.#retryAt.get(name) ?? now) > now) continue;
      const runtime = this.#parts.runtimeOf(volume.metadata.annotations?.[localNodeAnnotation] ?? '');
      if (runtime !== undefined) this.#busy.set(name, this.#remove(volume, runtime));
    }
    const wakes = [...this.#retryAt].flatMap(([name, at]) => (this.#leaving.has(name) && at > now ? [at] : []));
    const progressed = this.#progressed;
    this.#progressed = false;
    return { inFlight: this.#busy.size, wakeAt: wakes.length === 0 ? undefined : Math.min(...wakes), progressed };
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#busy.values());
  }

  async #remove(volume: Volume, runtime: Runtime): Promise<void> {
    const { name } = volume.metadata;
    try {
      await runtime.removeVolume?.(name, { timeoutMs });
      if (this.#closed) return;
      await this.#parts.client().update(persistentVolumeKind, { ...volume, metadata: { ...volume.metadata, finalizers: [] } });
      this.#leaving.delete(name);
      this.#retryAt.delete(name);
    } catch (error) {
      this.#retryAt.set(name, this.#parts.clock.now() + retryMs);
      this.#parts.logger.warn({ volume: name, error: (error as Error).message }, 'a volume could not be removed and will be tried again');
    } finally {
      this.#busy.delete(name);
      this.#progressed = true;
      this.#wake();
    }
  }
}
