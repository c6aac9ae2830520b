import { ParseError } from '../errors.ts';
import type { LabelSelector } from './generated/models.ts';
import { fulfils, labelRequirement, requirementText } from './label-requirement.ts';
import type { Labels, LabelRequirement } from './label-requirement.ts';
import { parseLabelSelector } from './label-selector-parser.ts';

const noLabels: Labels = Object.freeze({});

/**
 * A compiled label selector. Immutable; make it once and ask it often.
 *
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/
 *
 * @example
 * LabelMatcher.parse('app=web,tier in (a,b),!legacy').matches({ app: 'web', tier: 'a' }); // true
 */
export class LabelMatcher {
  static readonly everything: LabelMatcher = new LabelMatcher([], false);
  static readonly nothing: LabelMatcher = new LabelMatcher([], true);

  /** In the order of their keys; all must be fulfilled. */
  readonly requirements: readonly LabelRequirement[];
  readonly matchesNothing: boolean;

  private constructor(requirements: readonly LabelRequirement[], matchesNothing: boolean) {
    this.requirements = requirements;
    this.matchesNothing = matchesNothing;
  }

  /** From text, as in a list's `labelSelector`; '' selects everything. Throws a ParseError in Kubernetes' words. */
  static parse(text: string): LabelMatcher {
    const requirements = parseLabelSelector(text);
    return requirements.length === 0 ? LabelMatcher.everything : new LabelMatcher(requirements, false);
  }

  /** From a LabelSelector object; none selects nothing, an empty one everything. Throws a ParseError for what is no selector. */
  static of(selector: LabelSelector | undefined): LabelMatcher {
    if (selector === undefined) return LabelMatcher.nothing;
    const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => labelRequirement(key, '=', [value]));
    for (const { key, operator, values } of selector.matchExpressions ?? []) {
      if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist') {
        throw new ParseError(`${JSON.stringify(operator)} is not a valid label selector operator`);
      }
      requirements.push(labelRequirement(key, operator, values ?? []));
    }
    return LabelMatcher.#of(requirements);
  }

  /** From a plain map, as ReplicationControllers and Services have it; none and an empty one select everything. */
  static ofMap(labels: Labels | undefined): LabelMatcher {
    return LabelMatcher.#of(Object.entries(labels ?? noLabels).map(([key, value]) => labelRequirement(key, '=', [value])));
  }

  static #of(requirements: readonly LabelRequirement[]): LabelMatcher {
    if (requirements.length === 0) return LabelMatcher.everything;
    return new LabelMatcher(
      [...requirements].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)),
      false,
    );
  }

  get matchesEverything(): boolean {
    return !this.matchesNothing && this.requirements.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    if (this.matchesNothing) return false;
    for (const requirement of this.requirements) {
      if (!fulfils(labels ?? noLabels, requirement)) return false;
    }
    return true;
  }

  /** The text that `parse` reads; that of `nothing` is '' as in Kubernetes. */
  toString(): string {
    return this.requirements.map(requirementText).join(',');
  }
}
