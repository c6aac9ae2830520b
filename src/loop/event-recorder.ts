import type { Clock, Instant } from '../env/clock.ts';
import type { EventSource } from '../api/generated/models.ts';
import type { PlannedEvent } from '../controllers/controller.ts';
import { hash32 } from '../env/seeded-random.ts';
import type { KubeObject, StoredObject } from '../api/object.ts';
import type { Registry } from '../api/registry.ts';
import type { PreparedWrite } from '../api/write-preparation.ts';
import type { KindDescriptor } from '../api/kind.ts';
import { formatTime } from '../api/time.ts';
import type { Identity } from '../api/client.ts';
import type { View } from '../api/view.ts';
import type { Breathe } from './controller-runner.ts';

export interface EventLimits {
  /** Normal Events per second of the cluster's clock, over a burst; more are counted and dropped. Warnings always pass. */
  readonly perSecond: number;
  readonly burst: number;
}

const ofController: Identity = { name: 'system:event-recorder', groups: ['system:controllers'], role: 'controller' };
/** Events of kubelets and of the host are written whoever leads. */
const ofOthers: Identity = { ...ofController, unfenced: true };
/** So many Events are written as one group before the host's own work may run. */
const groupMax = 64;

const defaultLimits: EventLimits = { perSecond: 200, burst: 2000 };

/** Events of one regarding object, reason and text are one Event whose `count` grows. */
interface Recorded {
  readonly source: EventSource;
  readonly event: PlannedEvent;
  readonly identity: Identity;
  readonly first: Instant;
  count: number;
  last: Instant;
}

/** Collects Kubernetes Events and writes them in groups: repeats are counted, floods are thinned out. */
export class EventRecorder {
  readonly #registry: Registry;
  readonly #view: View;
  readonly #kind: KindDescriptor;
  readonly #clock: Clock;
  readonly #limits: EventLimits;
  readonly #pending = new Map<string, Recorded>();
  #tokens: number;
  #filledAt: Instant;
  #dropped = 0;

  constructor(parts: {
    readonly registry: Registry;
    readonly view: View;
    readonly kind: KindDescriptor;
    readonly clock: Clock;
    readonly limits?: EventLimits;
  }) {
    this.#registry = parts.registry;
    this.#view = parts.view;
    this.#kind = parts.kind;
    this.#clock = parts.clock;
    this.#limits = parts.limits ?? defaultLimits;
    this.#tokens = this.#limits.burst;
    this.#filledAt = parts.clock.now();
  }

  /** Normal Events that were dropped because there were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True if something waits to be written. */
  get pending(): boolean {
    return this.#pending.size > 0;
  }

  /** What a controller or scheduler has to say: written only while this process leads. */
  record(component: string, events: readonly PlannedEvent[]): void {
    this.#record({ component }, events, ofController);
  }

  /** What a kubelet or the host has to say. */
  recordFrom(source: EventSource, events: readonly PlannedEvent[]): void {
    this.#record(source, events, ofOthers);
  }

  #record(source: EventSource, events: readonly PlannedEvent[], identity: Identity): void {
    const now = this.#clock.now();
    for (const event of events) {
      // In a flood nothing waits, and what is dropped needs no key.
      const known = this.#pending.size === 0 ? undefined : this.#pending.get(keyOf(source, event));
      if (known !== undefined) {
        known.count++;
        known.last = now;
      } else if (event.type === 'Warning' || this.#take(now))
        this.#pending.set(keyOf(source, event), { source, event, identity, first: now, last: now, count: 1 });
      else this.#dropped++;
    }
  }

  /** Writes what was recorded since the last call; returns how many writes that took. Never rejects: an Event is not worth a failure. `breathe` is awaited between groups. */
  async flush(breathe: Breathe): Promise<number> {
    if (this.#pending.size === 0) return 0;
    const recorded = [...this.#pending];
    this.#pending.clear();
    let written = 0;
    for (let first = 0; first < recorded.length; first += groupMax) {
      if (first > 0) await breathe();
      written += await this.#write(recorded.slice(first, first + groupMax));
    }
    return written;
  }

  async #write(batch: readonly (readonly [string, Recorded])[]): Promise<number> {
    const prepared = [];
    for (const [key, recorded] of batch) {
      try {
        const ready = this.#prepare(key, recorded);
        prepared.push(ready instanceof Promise ? await ready : ready);
      } catch {
        // The namespace ends, or the object has an impossible name: there is nobody left to tell.
      }
    }
    const outcomes = await this.#registry.commit(prepared).catch(() => []);
    return outcomes.filter((outcome) => !(outcome instanceof Error)).length;
  }

  #prepare(key: string, recorded: Recorded): PreparedWrite | Promise<PreparedWrite> {
    const namespace = recorded.event.regarding.namespace ?? 'default';
    const name = `${recorded.event.regarding.name.slice(0, 236)}.${hash32(key).toString(16).padStart(8, '0')}${hash32(key, 7).toString(16).padStart(8, '0')}`;
    const old = this.#view.get(this.#kind, namespace, name) as (StoredObject & { readonly count?: number }) | undefined;
    if (old !== undefined) {
      const next = { ...old, count: (old.count ?? 1) + recorded.count, lastTimestamp: formatTime(recorded.last) };
      return this.#registry.prepare.update(this.#kind, next as KubeObject, old, '', { identity: recorded.identity });
    }
    return this.#registry.prepare.create(this.#kind, eventObject(namespace, name, recorded), { identity: recorded.identity });
  }

  #take(now: Instant): boolean {
    this.#tokens = Math.min(this.#limits.burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.#limits.perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

const keyOf = ({ component = '', host = '' }: EventSource, { regarding, type, reason, message }: PlannedEvent): string =>
  `${component}\0${host}\0${regarding.fieldPath ?? ''}\0${regarding.uid ?? regarding.name}\0${type}\0${reason}\0${message}`;

function eventObject(namespace: string, name: string, { source, event, first, last, count }: Recorded): KubeObject {
  const { regarding } = event;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { namespace, name },
    involvedObject: {
      apiVersion: regarding.apiVersion ?? 'v1',
      kind: regarding.kind,
      name: regarding.name,
      ...(regarding.namespace === undefined ? {} : { namespace: regarding.namespace }),
      ...(regarding.uid === undefined ? {} : { uid: regarding.uid }),
      ...(regarding.fieldPath === undefined ? {} : { fieldPath: regarding.fieldPath }),
    },
    type: event.type,
    reason: event.reason,
    message: event.message.slice(0, 1024),
    source,
    firstTimestamp: formatTime(first),
    lastTimestamp: formatTime(last),
    count,
    reportingComponent: source.component,
    ...(source.host === undefined ? {} : { reportingInstance: source.host }),
  } as KubeObject;
}
