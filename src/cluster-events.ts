import { EventEmitter } from 'eventemitter3';
import type { StoredObject } from './api/object.ts';
import type { ViewChange } from './api/view.ts';
import type { ComponentFailure, PassReport } from './loop/loop.ts';

/** What a cluster tells its host. A listener that throws, or whose promise rejects, breaks nothing: the error goes to the logger. */
export interface ClusterEvents {
  /** After every pass of the crank. */
  pass: [report: PassReport];
  /** Every change of every object, in order. */
  change: [change: ViewChange];
  /** A Kubernetes Event was recorded, or seen once more (its `count` has grown). */
  event: [event: StoredObject];
  /** This process leads from now on: its controllers and its scheduler act. The number of the term grows with every change of leader. */
  leading: [term: number];
  /** Another may lead: this process's controllers and its scheduler rest. Its nodes run on. */
  following: [];
  /** Who leads, as the Lease says; undefined if nobody does. Told by every control plane, the leader included. */
  leader: [identity: string | undefined];
  /** A controller, scheduler or participant could not do what it had to: it threw, or a write of it failed. It tries again by itself. */
  failure: [failure: ComponentFailure];
  closed: [];
}

type Name = keyof ClusterEvents;
type Listener<E extends Name> = EventEmitter.EventListener<ClusterEvents, E>;
type AnyListener = (...args: never[]) => unknown;

/** Tells every listener, whatever becomes of the others: each is registered inside a guard that catches what it throws. */
export abstract class ClusterEmitter extends EventEmitter<ClusterEvents> {
  /** One guard an event and listener, so that `off` finds what `on` registered. */
  readonly #guards = new Map<Name, WeakMap<AnyListener, AnyListener>>();
  readonly #guarded = new WeakMap<AnyListener, AnyListener>();

  /** Told of what a listener threw. */
  protected abstract onListenerFailure(event: Name, error: unknown): void;

  override on<E extends Name>(event: E, listener: Listener<E>, context?: unknown): this {
    return super.on(event, this.#guard(event, listener), context);
  }

  override addListener<E extends Name>(event: E, listener: Listener<E>, context?: unknown): this {
    return this.on(event, listener, context);
  }

  override once<E extends Name>(event: E, listener: Listener<E>, context?: unknown): this {
    return super.once(event, this.#guard(event, listener), context);
  }

  override off<E extends Name>(event: E, listener?: Listener<E>, context?: unknown, once?: boolean): this {
    const guard = listener === undefined ? undefined : (this.#guards.get(event)?.get(listener) as Listener<E> | undefined);
    return super.removeListener(event, guard ?? listener, context, once);
  }

  override removeListener<E extends Name>(event: E, listener?: Listener<E>, context?: unknown, once?: boolean): this {
    return this.off(event, listener, context, once);
  }

  override listeners<E extends Name>(event: E): Listener<E>[] {
    return super.listeners(event).map((guard) => (this.#guarded.get(guard) ?? guard) as Listener<E>);
  }

  #guard<E extends Name>(event: E, listener: Listener<E>): Listener<E> {
    let guards = this.#guards.get(event);
    if (guards === undefined) this.#guards.set(event, (guards = new WeakMap()));
    const known = guards.get(listener);
    if (known !== undefined) return known as Listener<E>;
    const failed = (error: unknown): void => this.onListenerFailure(event, error);
    const guard = function (this: unknown, ...args: unknown[]): void {
      try {
        const outcome: unknown = Reflect.apply(listener, this, args);
        if (outcome instanceof Promise) outcome.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
    guards.set(listener, guard as AnyListener);
    this.#guarded.set(guard as AnyListener, listener);
    return guard as Listener<E>;
  }
}
