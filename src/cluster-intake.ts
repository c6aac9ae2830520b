import type { ServiceAllocation } from './admission/service-allocation.ts';
import type { StoredObject } from './api/object.ts';
import { stampRevision } from './api/revision-stamp.ts';
import type { View, ViewChange } from './api/view.ts';
import { ViewFeed } from './api/view-feed.ts';
import type { Clock } from './env/clock.ts';
import { ClosedError } from './errors.ts';
import type { Logger } from './env/logger.ts';
import type { Store } from './stores/store.ts';

export interface ClusterIntakeParts {
  readonly store: Store;
  readonly view: View;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly services: ServiceAllocation;
  /** Told of every group of changes, in order. */
  readonly onChanges: (changes: readonly ViewChange[]) => void;
}

type ServiceObject = Parameters<ServiceAllocation['seen']>[0];

/** So many names of deleted Pods are remembered for each owner. */
const retiredNamesMax = 200;

/** What leads from the store into this process: the view, the side tables that follow from it, and whoever is told of changes. */
export class ClusterIntake {
  /** Where the changes come from. */
  readonly feed: ViewFeed;
  readonly #parts: ClusterIntakeParts;
  readonly #listeners = new Map<(changes: readonly ViewChange[]) => void, () => void>();
  #closed = false;

  constructor(parts: ClusterIntakeParts) {
    this.#parts = parts;
    this.feed = new ViewFeed({ ...parts, take: (changes) => this.#take(changes) });
  }

  /** Opens the store, fills it if told how, reads what is there, and follows it from then on. */
  async open(fill?: (store: Store) => Promise<void>): Promise<void> {
    const { store, view, clock } = this.#parts;
    await store.open({ stamp: stampRevision });
    await fill?.(store);
    view.sideTable<number>('loop').set('startedAt', clock.now());
    await this.feed.open();
  }

  /** Returns "off". A listener that throws breaks nothing: the error goes to the logger. `onEnd`: there will be no more. */
  onChange(listener: (changes: readonly ViewChange[]) => void, onEnd: () => void): () => void {
    if (this.#closed) throw new ClosedError('the cluster');
    this.#listeners.set(listener, onEnd);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in nothing more. The store stays open. */
  close(): void {
    this.feed.close();
    this.#closed = true;
    for (const onEnd of [...this.#listeners.values()]) onEnd();
    this.#listeners.clear();
  }

  #take(changes: Parameters<View['ingest']>[0]): void {
    const seen = this.#parts.view.ingest(changes);
    if (seen.length === 0) return;
    for (const change of seen) this.#note(change);
    this.#parts.onChanges(seen);
    for (const listener of this.#listeners.keys()) {
      try {
        listener(seen);
      } catch (error) {
        this.#parts.logger.error({ error: String(error) }, 'a listener of changes threw');
      }
    }
  }

  /** Keeps what is local to this process and follows from changes: see the side tables in docs/architecture.md. */
  #note({ kind, type, object }: ViewChange): void {
    const { view, services, clock, logger } = this.#parts;
    const { uid, name } = object.metadata;
    if (type === 'deleted') view.sideTable('retired-names').delete(uid);
    if (kind.group !== '') return;
    if (kind.kind === 'Service') {
      if (type === 'deleted')
        void services
          .release(object as ServiceObject)
          .catch((error: unknown) => logger.warn({ error: String(error) }, 'the addresses of a Service could not be given back'));
      else services.seen(object as ServiceObject);
    }
    if (kind.kind === 'Node') {
      const gone = view.sideTable<number>('nodes-gone');
      if (type === 'added') gone.delete(name);
      else if (type === 'deleted') gone.set(name, clock.now());
    }
    if (kind.kind === 'Pod' && type === 'deleted') this.#retire(object);
  }

  /** The name of a deleted Pod is not given to the next one of its owner: people would take it for the same Pod. */
  #retire(pod: StoredObject): void {
    const owner = pod.metadata.ownerReferences?.find((each) => each.controller === true);
    if (owner === undefined) return;
    const table = this.#parts.view.sideTable<Set<string>>('retired-names');
    const names = table.get(owner.uid) ?? new Set<string>();
    table.set(owner.uid, names);
    names.add(pod.metadata.name);
    if (names.size > retiredNamesMax) names.delete(names.values().next().value!);
  }
}
