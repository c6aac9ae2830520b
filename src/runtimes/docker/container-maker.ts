import { createHash } from 'node:crypto';
import type { Clock } from '../../env/clock.ts';
import { labels } from './docker-labels.ts';
import type { Labels } from './docker-labels.ts';
import type { InspectedContainer, ListedContainer } from './engine-answers.ts';
import type { Engine } from './engine.ts';
import { hasStatus, isUncertain } from './engine-answered.ts';
import { insist } from './insist.ts';

/** What makes a container the one it is: a repeat of its creation carries the same. */
const identity = [
  labels.cluster,
  labels.node,
  labels.podUid,
  labels.sandboxAttempt,
  labels.role,
  labels.container,
  labels.attempt,
] as const;

const nameAttemptsMax = 5;

/** The name of a container, which follows from what it is for. */
function containerName(itsLabels: Labels): string {
  const hash = createHash('sha256')
    .update(identity.map((key) => itsLabels[key] ?? '').join('\0'))
    .digest('hex')
    .slice(0, 12);
  const words = [itsLabels[labels.podName] ?? '', itsLabels[labels.container] ?? 'sandbox'].map((word) => word.slice(0, 60));
  return ['coxswain', ...words, hash].join('-').replaceAll(/[^a-zA-Z0-9_.-]/g, '-');
}

const isSame = (found: Labels | null | undefined, wanted: Labels): boolean =>
  identity.every((key) => (found?.[key] ?? '') === (wanted[key] ?? ''));

/**
 * Makes containers so that a repeat, also one whose first answer was lost, gives the container that is there already.
 * A name that somebody else has is left to him.
 */
export class ContainerMaker {
  readonly #engine: Engine;
  readonly #clock: Clock;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** Returns the engine's id. @throws EngineError. */
  async make(itsLabels: Labels, body: object, signal: AbortSignal): Promise<string> {
    const name = containerName(itsLabels);
    // Podman lets a container end by itself first, also when it is removed by force; and it has no daemon whose end would be meant.
    const its = this.#engine.isPodman ? { ...body, StopTimeout: 0 } : body;
    return insist(this.#clock, signal, async (n) => {
      // An answer was lost: what was asked for may be there.
      if (n > 0) {
        const found = await this.#find(itsLabels, signal);
        if (found !== undefined) return found;
      }
      return this.#create(name, itsLabels, its, signal);
    });
  }

  async #create(name: string, itsLabels: Labels, body: object, signal: AbortSignal): Promise<string> {
    for (let n = 0; ; n++) {
      const query = { name: n === 0 ? name : `${name}-${n}` };
      try {
        const request = { method: 'POST', path: '/containers/create', query, body } as const;
        return (await this.#engine.json<{ readonly Id: string }>('create a container', request, { signal, timeoutMs: 8000 })).Id;
      } catch (error) {
        if (!hasStatus(error, 409) || n >= nameAttemptsMax) throw error;
        const holder = await this.#holder(query.name, signal);
        if (holder !== undefined && isSame(holder.Config.Labels, itsLabels)) return holder.Id;
      }
    }
  }

  async #holder(name: string, signal: AbortSignal): Promise<InspectedContainer | undefined> {
    try {
      return await this.#engine.json<InspectedContainer>(
        'inspect a container',
        { method: 'GET', path: `/containers/${name}/json` },
        { signal },
      );
    } catch (error) {
      if (isUncertain(error)) throw error;
      return undefined;
    }
  }

  async #find(itsLabels: Labels, signal: AbortSignal): Promise<string | undefined> {
    const label = identity.flatMap((key) => (itsLabels[key] === undefined ? [] : [`${key}=${itsLabels[key]}`]));
    const query = { all: true, filters: JSON.stringify({ label }) };
    const found = await this.#engine.json<readonly ListedContainer[]>(
      'list containers',
      { method: 'GET', path: '/containers/json', query },
      { signal },
    );
    return found[0]?.Id;
  }
}
