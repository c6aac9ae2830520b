import type { Controller, Plan } from '../../src/controllers/controller.ts';
import type { KindDescriptor } from '../../src/api/kind.ts';
import type { KubeObject } from '../../src/api/object.ts';
import { configMapKind } from '../../src/kinds/config-map.ts';
import type { StoreChange } from '../../src/stores/store.ts';

const prefix = 'core/configmaps/default/acts-';

/** A controller that writes something, always: into a ConfigMap of its control plane's own. */
export function actor(identity: string, everyMs: number): Controller {
  const name = `acts-${identity}`;
  return {
    name: 'actor',
    triggers: [],
    initialKeys: () => ['act'],
    reconcile(view, _key, now): Plan {
      const kind = configMapKind as unknown as KindDescriptor;
      const known = view.get(configMapKind, 'default', name);
      const data = { actor: identity, at: String(now) };
      const object = (known === undefined
        ? { metadata: { namespace: 'default', name }, data }
        : { ...known, data }) as unknown as KubeObject;
      return { writes: [{ verb: known === undefined ? 'create' : 'update', kind, object }], requeueAfterMs: everyMs };
    },
  };
}

export interface TermReport {
  readonly terms: number;
  readonly acts: number;
  /** Control planes that acted in a term which was not theirs. */
  readonly violations: readonly string[];
}

/** Reads a store's whole history in order: whoever acts must be the one whose term it is. */
export class TermAudit {
  #holder: string | undefined;
  #terms = 0;
  readonly #acts = new Map<string, number>();
  #actor: string | undefined;
  readonly #violations: string[] = [];

  take(changes: readonly StoreChange[]): void {
    for (const { key, entry, type } of changes) {
      if (key === 'leadership/term') {
        this.#terms++;
        this.#holder = (entry.value as { readonly holder: string }).holder;
        continue;
      }
      const actor = type === 'put' ? actorOf(key, entry.value as KubeObject) : undefined;
      if (actor === undefined) continue;
      this.#acts.set(actor, this.actsOf(actor) + 1);
      this.#actor = actor;
      if (actor !== this.#holder)
        this.#violations.push(`revision ${entry.revision} (${key}): ${actor} acted in a term of ${this.#holder ?? 'nobody'}`);
    }
  }

  /** Who acted last. */
  get actor(): string | undefined {
    return this.#actor;
  }

  actsOf(actor: string): number {
    return this.#acts.get(actor) ?? 0;
  }

  report(): TermReport {
    const acts = [...this.#acts.values()].reduce((sum, count) => sum + count, 0);
    return { terms: this.#terms, acts, violations: this.#violations };
  }
}

/** Which control plane made a change, if that can be seen. */
function actorOf(key: string, value: KubeObject): string | undefined {
  if (!key.startsWith(prefix)) return undefined;
  return (value as { readonly data?: Readonly<Record<string, string>> }).data?.['actor'];
}
