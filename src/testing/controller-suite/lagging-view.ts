import type { KindDescriptor } from '../../api/kind.ts';
import type { StoredObject } from '../../api/object.ts';
import { View } from '../../api/view.ts';
import type { Controller, Plan } from '../../controllers/controller.ts';
import type { Instant } from '../../env/clock.ts';
import type { StoreChange } from '../../stores/store.ts';

/** After so many milliseconds without another change the newest one is seen too. */
const catchUpMs = 1;

/** A view that does not know of the newest change of each kind: what a controller sees when the world is faster than its watch. */
export class LaggingView extends View {
  readonly #present: () => View;
  /** The newest change of each kind: informers watch kind by kind, and each may be behind. */
  readonly #held = new Map<string, StoreChange>();
  #heldSince: Instant = 0;
  lagging = false;

  /** @param present What this view is behind; side tables are always read from there. */
  constructor(kinds: Iterable<KindDescriptor>, present: () => View) {
    super(kinds);
    this.#present = present;
  }

  override table<T>(name: string): ReadonlyMap<string, T> {
    return this.#present().table<T>(name);
  }

  /** Takes in changes but for the last one of each kind. */
  take(changes: readonly StoreChange[], now: Instant): void {
    for (const change of changes) {
      const { kind } = change.entry.value as StoredObject;
      const before = this.#held.get(kind);
      if (before !== undefined) this.ingest([before]);
      this.#held.set(kind, change);
    }
    this.#heldSince = now;
  }

  /** Lets go of the last changes if it is not behind, or has been for long enough; true if some are still held back. */
  look(now: Instant): boolean {
    if (this.#held.size > 0 && (!this.lagging || now >= this.#heldSince + catchUpMs)) {
      this.ingest([...this.#held.values()].sort((a, b) => a.entry.revision - b.entry.revision));
      this.#held.clear();
    }
    return this.#held.size > 0;
  }

  /** The same control loop, which sees this view and comes back once it has caught up. */
  before(controller: Controller): Controller {
    const { initialKeys } = controller;
    return {
      ...controller,
      ...(initialKeys === undefined ? {} : { initialKeys: () => initialKeys(this) }),
      reconcile: (_view, key, now): Plan => {
        const behind = this.look(now);
        const plan = controller.reconcile(this, key, now);
        return behind ? { ...plan, requeueAfterMs: Math.min(plan.requeueAfterMs ?? catchUpMs, catchUpMs) } : plan;
      },
    };
  }
}
