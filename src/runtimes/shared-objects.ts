import type { RuntimeCommons } from './runtime.ts';

/** What the runtimes of a cluster's nodes in this process share. */
export class SharedObjects implements RuntimeCommons {
  readonly #made = new Map<new () => object, object>();

  of<T extends object>(kind: new () => T): T {
    const known = this.#made.get(kind) ?? new kind();
    this.#made.set(kind, known);
    return known as T;
  }
}
