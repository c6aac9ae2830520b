/** What is done about one engine is done in turn, and waits for nothing that is done about others: one of those may be hung. */
export class EngineTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** @param names All that the engine goes by: what has one of them in common is done one after the other. */
  take<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const done = Promise.all(names.map((name) => this.#last.get(name) ?? Promise.resolve())).then(work);
    const end = done
      .catch(() => undefined)
      .then(() => {
        for (const name of names) if (this.#last.get(name) === end) this.#last.delete(name);
      });
    for (const name of names) this.#last.set(name, end);
    return done;
  }
}
