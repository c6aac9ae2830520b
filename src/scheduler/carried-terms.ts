import type { AffinityTerm } from './affinity-term.ts';
import type { DomainTally } from './domain-tally.ts';
import { PodCounter } from './pod-counter.ts';
import type { PodGroup } from './pod-group.ts';
import type { RelationIndex } from './relation-index.ts';

/** How a term of a placed pod bears on pods that come later. */
export type TermRole = 'required-affinity' | 'required-anti-affinity' | 'preferred';

/** A term that pods on nodes have, and where they are. */
export interface CarriedTerm {
  readonly key: string;
  readonly role: TermRole;
  /** Of a preference, negative if it is against; else 0. */
  readonly weight: number;
  readonly term: AffinityTerm;
  /** How many groups of pods carry it. */
  groups: number;
}

/** The (anti-)affinity terms of the pods that are placed: a newcomer has to mind them though they are not its own. */
export class CarriedTerms {
  readonly #index: RelationIndex;
  readonly #terms = new Map<string, CarriedTerm>();
  /** What bears on a group, until terms or namespaces change. */
  #bearingOn = new WeakMap<PodGroup, readonly CarriedTerm[]>();
  #namespacesVersion = 0;

  constructor(index: RelationIndex) {
    this.#index = index;
  }

  groupCame(group: PodGroup): void {
    for (const carried of termsOf(group)) {
      const known = this.#terms.get(carried.key);
      if (known !== undefined) known.groups++;
      else {
        this.#terms.set(carried.key, carried);
        this.#bearingOn = new WeakMap();
      }
    }
  }

  groupWent(group: PodGroup): void {
    for (const { key } of termsOf(group)) {
      const known = this.#terms.get(key);
      if (known === undefined || --known.groups > 0) continue;
      this.#terms.delete(key);
      this.#bearingOn = new WeakMap();
      this.#index.drop(key);
    }
  }

  /** The terms that mean pods of this group. */
  bearingOn(group: PodGroup): readonly CarriedTerm[] {
    if (this.#terms.size === 0) return none;
    if (this.#namespacesVersion !== this.#index.namespacesVersion) {
      this.#namespacesVersion = this.#index.namespacesVersion;
      this.#bearingOn = new WeakMap();
    }
    let bearing = this.#bearingOn.get(group);
    if (bearing === undefined) {
      bearing = [...this.#terms.values()].filter(({ term }) => term.matches(group, this.#index.labelsOfNamespace));
      this.#bearingOn.set(group, bearing);
    }
    return bearing;
  }

  /** Where the pods that carry a term are, by its topology key. */
  tally({ key, term }: CarriedTerm): DomainTally {
    const make = (): PodCounter =>
      new PodCounter((group) => group.hasTerms && termsOf(group).some((carried) => carried.key === key), false);
    return this.#index.tally(key, key, term.topologyKey, make);
  }
}

const none: readonly CarriedTerm[] = Object.freeze([]);

/** A preference may be there twice; what counts is how often. */
function termsOf(group: PodGroup): readonly CarriedTerm[] {
  const carried = (role: TermRole, term: AffinityTerm, weight: number): CarriedTerm => ({
    key: `${role};${weight};${term.topologyKey};${term.text}`,
    role,
    weight,
    term,
    groups: 1,
  });
  const terms = [
    ...group.requiredAffinity.map((term) => carried('required-affinity', term, 0)),
    ...group.requiredAntiAffinity.map((term) => carried('required-anti-affinity', term, 0)),
    ...group.preferred.map(({ term, weight }) => carried('preferred', term, weight)),
  ];
  const times = new Map<string, number>();
  return terms.map((one) => {
    const time = times.get(one.key) ?? 0;
    times.set(one.key, time + 1);
    return time === 0 ? one : { ...one, key: `${one.key};${time}` };
  });
}
