import type { Identity } from '../api/client.ts';
import type { StoredObject } from '../api/object.ts';
import type { PreparedWrite } from '../api/write-preparation.ts';
import type { Registry } from '../api/registry.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { View } from '../api/view.ts';
import type { PlannedWrite } from '../controllers/controller.ts';
import { ApiError } from '../errors.ts';
import type { Breathe } from './controller-runner.ts';

/** How one planned write ended: the error, or undefined if it holds now (because of us, or because it held already). */
export type WriteOutcome = Error | undefined;

/** So many writes are prepared and committed as one group before the host's own work may run. */
const groupMax = 64;

/**
 * Applies planned writes through the registry, group by group. A create that meets its own earlier self and a delete of what is
 * gone count as done: plans are repeated from views that may be old.
 */
export class PlanWriter {
  readonly #registry: Registry;
  readonly #view: View;
  readonly #podKind: KindDescriptor;

  constructor(registry: Registry, view: View, podKind: KindDescriptor) {
    this.#registry = registry;
    this.#view = view;
    this.#podKind = podKind;
  }

  /** `breathe` is awaited between groups. */
  async apply(writes: readonly PlannedWrite[], identity: Identity, breathe: Breathe): Promise<readonly WriteOutcome[]> {
    if (writes.length <= groupMax) return this.#applyGroup(writes, identity);
    const outcomes: WriteOutcome[] = [];
    for (let first = 0; first < writes.length; first += groupMax) {
      if (first > 0) await breathe();
      outcomes.push(...(await this.#applyGroup(writes.slice(first, first + groupMax), identity)));
    }
    return outcomes;
  }

  async #applyGroup(writes: readonly PlannedWrite[], identity: Identity): Promise<readonly WriteOutcome[]> {
    const outcomes: WriteOutcome[] = new Array<WriteOutcome>(writes.length).fill(undefined);
    const prepared: PreparedWrite[] = [];
    const index: number[] = [];
    for (let i = 0; i < writes.length; i++) {
      try {
        const ready = this.#prepare(writes[i]!, identity);
        prepared.push(ready instanceof Promise ? await ready : ready);
        index.push(i);
      } catch (error) {
        outcomes[i] = await this.#settle(writes[i]!, error as Error, identity);
      }
    }
    const committed = await this.#commit(prepared);
    for (const [i, outcome] of committed.entries()) {
      if (outcome instanceof Error) outcomes[index[i]!] = await this.#settle(writes[index[i]!]!, outcome, identity);
    }
    return outcomes;
  }

  /** A store that fails fails every write of the group: nobody knows which took effect, and the next pass will see. */
  async #commit(prepared: readonly PreparedWrite[]): Promise<readonly (StoredObject | Error)[]> {
    try {
      return await this.#registry.commit(prepared);
    } catch (error) {
      return prepared.map(() => error as Error);
    }
  }

  /** What an error means for a plan that may be a repeat. */
  async #settle(write: PlannedWrite, error: Error, identity: Identity): Promise<WriteOutcome> {
    if (!(error instanceof ApiError)) return error;
    if (write.verb === 'create') return error.reason === 'AlreadyExists' ? undefined : error;
    if (write.verb !== 'delete' && write.verb !== 'evict') return error;
    if (error.status === 404) return undefined;
    const { uid, name, namespace } = (write.verb === 'delete' ? write.object : write.pod).metadata;
    const kind = write.verb === 'delete' ? write.kind : this.#podKind;
    if (error.status !== 409 || (write.verb === 'delete' && write.unchanged === true)) return error;
    const present = await this.#registry.current(kind, { namespace, name }).catch((failure: unknown) => failure as Error);
    if (present instanceof Error) return present;
    // Another object took the name: the one that was meant is gone.
    if (present === undefined || present.metadata.uid !== uid) return undefined;
    // It changed between (an earlier write of this very plan, perhaps), which does not matter to a delete: once more.
    try {
      const [outcome] = await this.#commit([await this.#prepare(write, identity)]);
      return outcome instanceof Error ? outcome : undefined;
    } catch (refusal) {
      return refusal as Error;
    }
  }

  #prepare(write: PlannedWrite, identity: Identity): PreparedWrite | Promise<PreparedWrite> {
    switch (write.verb) {
      case 'create':
        return this.#registry.prepare.create(write.kind, write.object, { identity });
      case 'update':
      case 'update-status': {
        const { namespace, name = '' } = write.object.metadata ?? {};
        const old = this.#view.get(write.kind, namespace, name) as StoredObject | undefined;
        if (old === undefined) return gone(write.kind, name);
        return this.#registry.prepare.update(
          write.kind,
          write.object,
          old,
          write.verb === 'update' ? (write.subresource ?? '') : 'status',
          {
            identity,
          },
        );
      }
      case 'bind':
        return this.#registry.prepare.bind(this.#podKind, write.pod, write.nodeName, identity);
      case 'evict':
        return this.#registry.prepare.delete(this.#podKind, place(write.pod), { identity, preconditions: { uid: write.pod.metadata.uid } });
      case 'delete': {
        const { uid, resourceVersion } = write.object.metadata;
        return this.#registry.prepare.delete(write.kind, place(write.object), {
          identity,
          preconditions: write.unchanged === true ? { uid, resourceVersion } : { uid },
          ...(write.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: write.gracePeriodSeconds }),
          ...(write.propagation === undefined ? {} : { propagationPolicy: write.propagation }),
        });
      }
    }
  }
}

const place = (object: StoredObject): { namespace: string | undefined; name: string } => ({
  namespace: object.metadata.namespace,
  name: object.metadata.name,
});

function gone(kind: KindDescriptor, name: string): never {
  throw new ApiError(404, 'NotFound', `${kind.plural} ${JSON.stringify(name)} not found`, { name, kind: kind.plural });
}
