import type { Instant } from '../env/clock.ts';

interface Session {
  readonly backendKey: string;
  readonly lastUsedAt: Instant;
}

/**
 * Remembers which backend a client address was sent to (`sessionAffinity: ClientIP`). A session ends `timeoutMs` after it was last
 * used. Sessions are kept in the order of their last use, so the one to go is always the first.
 */
export class ClientAffinity {
  /** Sessions kept at most; the one unused for longest goes first. */
  static readonly maxSessions = 100_000;
  readonly #sessions = new Map<string, Session>();
  timeoutMs: number;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The key of the backend this client is bound to, or undefined. */
  find(client: string, now: Instant): string | undefined {
    const session = this.#sessions.get(client);
    if (session === undefined) return undefined;
    if (now - session.lastUsedAt < this.timeoutMs) return session.backendKey;
    this.#sessions.delete(client);
    return undefined;
  }

  /** Binds the client, or prolongs its session. */
  use(client: string, backendKey: string, now: Instant): void {
    this.#sessions.delete(client);
    this.#sessions.set(client, { backendKey, lastUsedAt: now });
    for (const [oldest, session] of this.#sessions) {
      if (this.#sessions.size <= ClientAffinity.maxSessions && now - session.lastUsedAt < this.timeoutMs) return;
      this.#sessions.delete(oldest);
    }
  }
}
