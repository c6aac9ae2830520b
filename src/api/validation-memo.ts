import type { PartCheck } from './field-errors.ts';

/**
 * Remembers which frozen parts of objects passed which checks, by identity: the thousand Pods of one template share the template's
 * containers and volumes, and these are checked once. A registry owns one; it forgets parts when they are collected.
 */
export class ValidationMemo {
  readonly #passed = new Map<PartCheck<never>, WeakSet<object>>();

  /** True if this very part, which nobody can have changed since, passed the check. */
  passed(check: PartCheck<never>, part: object): boolean {
    return this.#passed.get(check)?.has(part) === true;
  }

  /** Notes that a part passed; parts that are not frozen could still change and are not noted. */
  remember(check: PartCheck<never>, part: object): void {
    if (!Object.isFrozen(part)) return;
    let parts = this.#passed.get(check);
    if (parts === undefined) this.#passed.set(check, (parts = new WeakSet()));
    parts.add(part);
  }
}
