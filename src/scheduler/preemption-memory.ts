import type { NodeInfo } from './node-info.ts';
import type { Refusal } from './plugin.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';
import type { Candidate } from './victims.ts';

type Outcome = Candidate | Refusal;

/** Kinds of preempting pods that are remembered; the one that came last longest ago is forgotten. */
const kindsMax = 16;

/**
 * What preemption would have to do on each node, for pods that are alike: true until the node changes. A burst of a thousand pods
 * of one kind looks at each node once.
 */
export class PreemptionMemory {
  readonly #kinds = new Map<string, KnownOutcomes>();

  of(pod: PodInfo, cache: SchedulerCache): KnownOutcomes {
    const key = `${pod.groupKey};${pod.priority}`;
    const known = this.#kinds.get(key) ?? new KnownOutcomes();
    this.#kinds.delete(key);
    this.#kinds.set(key, known);
    if (this.#kinds.size > kindsMax) this.#kinds.delete(this.#kinds.keys().next().value!);
    known.catchUp(cache);
    return known;
  }
}

export class KnownOutcomes {
  /** By row. */
  readonly #byNode = new Map<number, Outcome>();
  #seen = 0;
  #budgetsVersion = 0;

  /** Forgets what may be different now. */
  catchUp(cache: SchedulerCache): void {
    const { log } = cache;
    const budgetsVersion = cache.objects.version('PodDisruptionBudget');
    if (!log.reaches(this.#seen) || budgetsVersion !== this.#budgetsVersion) this.#byNode.clear();
    else {
      for (let position = this.#seen; position < log.end; position++) this.#byNode.delete(log.indexAt(position));
    }
    this.#seen = log.end;
    this.#budgetsVersion = budgetsVersion;
  }

  get(node: NodeInfo, look: (node: NodeInfo) => Outcome): Outcome {
    let outcome = this.#byNode.get(node.index);
    if (outcome === undefined) {
      outcome = look(node);
      this.#byNode.set(node.index, outcome);
    }
    return outcome;
  }
}
