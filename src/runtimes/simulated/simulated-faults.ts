import type { Random } from '../../env/random.ts';

/** The calls of a runtime that a fault can hit. `run` is the life of a container after it started. */
export type FaultPoint =
  | 'healthy'
  | 'list'
  | 'runSandbox'
  | 'stopSandbox'
  | 'removeSandbox'
  | 'prepareVolume'
  | 'pullImage'
  | 'createContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'removeContainer'
  | 'probe'
  | 'hook'
  | 'exec'
  | 'stats'
  | 'run';

/** What happens when a fault hits. */
export type FaultEffect =
  /** The call rejects with `RuntimeError`; codes and `retryable` as in `docs/errors.md`. */
  | { readonly type: 'fail'; readonly code?: string; readonly message?: string; readonly retryable?: boolean }
  /** The call never answers: it ends at its deadline or when it is aborted. */
  | { readonly type: 'hang' }
  /** The call takes this much longer. */
  | { readonly type: 'delay'; readonly ms: number }
  /** At `probe`: the probe fails. */
  | { readonly type: 'probe-failure'; readonly message?: string }
  /** At `run`: the container ends this long after its start. */
  | { readonly type: 'crash'; readonly afterMs?: number; readonly exitCode?: number; readonly reason?: 'Error' | 'OOMKilled' };

/** A fault and what it hits. Every condition that is given must hold; names may end in `*`. */
export interface SimulatedFault {
  readonly at: FaultPoint;
  readonly effect: FaultEffect;
  readonly node?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly image?: string;
  /** Restart counts that are hit, below this number: `attemptsBelow: 2` lets the third start succeed. */
  readonly attemptsBelow?: number;
  /** How often it hits before it is used up; always unless given. */
  readonly times?: number;
  /** Hits with this probability, from 0 to 1; drawn from the node's seeded chance. */
  readonly probability?: number;
}

/** What a call is about. */
export interface FaultTarget {
  readonly node: string;
  readonly pod?: string | undefined;
  readonly container?: string | undefined;
  readonly image?: string | undefined;
  readonly attempt?: number;
}

const matches = (pattern: string | undefined, name: string | undefined): boolean =>
  pattern === undefined || (name !== undefined && (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name));

/**
 * The script of what goes wrong, shared by the nodes of a simulation. Faults may be added and taken back while the cluster runs.
 *
 * @example
 * const faults = new SimulatedFaults([{ at: 'pullImage', image: 'web:2', times: 3, effect: { type: 'fail' } }]);
 * const takeBack = faults.add({ at: 'probe', pod: 'web-*', effect: { type: 'probe-failure' } });
 * takeBack();
 */
export class SimulatedFaults {
  #faults: { readonly fault: SimulatedFault; left: number }[] = [];

  constructor(faults: readonly SimulatedFault[] = []) {
    for (const fault of faults) this.add(fault);
  }

  /** Adds a fault; returns what takes it back. */
  add(fault: SimulatedFault): () => void {
    const entry = { fault, left: fault.times ?? Infinity };
    this.#faults.push(entry);
    return () => {
      this.#faults = this.#faults.filter((other) => other !== entry);
    };
  }

  /** Takes every fault back: the weather clears. */
  clear(): void {
    this.#faults = [];
  }

  /** False while nothing can go wrong. */
  get any(): boolean {
    return this.#faults.length > 0;
  }

  /** The effect of the first fault that hits, which uses it up by one; undefined if none does. */
  hit(at: FaultPoint, target: FaultTarget, random: Random): FaultEffect | undefined {
    const entry = this.#faults.find(
      ({ fault }) =>
        fault.at === at &&
        matches(fault.node, target.node) &&
        matches(fault.pod, target.pod) &&
        matches(fault.container, target.container) &&
        matches(fault.image, target.image) &&
        (fault.attemptsBelow === undefined || (target.attempt ?? 0) < fault.attemptsBelow) &&
        (fault.probability === undefined || random.next() < fault.probability),
    );
    if (entry === undefined) return undefined;
    entry.left--;
    if (entry.left <= 0) this.#faults = this.#faults.filter((other) => other !== entry);
    return entry.fault.effect;
  }
}
