import type { KindDescriptor } from './kind.ts';
import type { LabelMatcher } from './label-matcher.ts';
import type { LabelRequirement } from './label-requirement.ts';
import type { KubeObject, Stored } from './object.ts';
import { isOrphan } from './object-table.ts';
import type { ViewReader } from './view-reader.ts';

/** A requirement that an index helps with, if there is one: one label with one value. */
export const indexedLabel = ({ requirements }: LabelMatcher): LabelRequirement | undefined =>
  requirements.find(({ operator, values }) => (operator === '=' || operator === '==' || operator === 'In') && values.length === 1);

/** Of the candidates, which `candidates` finds by a label and its value if the selector names one, those that it matches. */
function found<M extends KubeObject>(
  matcher: LabelMatcher,
  candidates: (label: readonly [key: string, value: string] | undefined) => readonly Stored<M>[],
): readonly Stored<M>[] {
  if (matcher.matchesNothing) return [];
  const label = indexedLabel(matcher);
  const among = candidates(label === undefined ? undefined : [label.key, label.values[0]!]);
  const decided = label !== undefined && matcher.requirements.length === 1;
  return decided ? among : among.filter(({ metadata }) => matcher.matches(metadata.labels));
}

/** The objects of a namespace that a selector matches, without a look at the others if it names a label and its value. */
export function matching<M extends KubeObject>(
  view: ViewReader,
  kind: KindDescriptor<M>,
  namespace: string,
  matcher: LabelMatcher,
): readonly Stored<M>[] {
  return found(matcher, (label) => (label === undefined ? view.list(kind, { namespace }) : view.withLabel(kind, namespace, ...label)));
}

/** Those of `matching` that nobody controls: what an owner with this selector could adopt. */
export function orphansMatching<M extends KubeObject>(
  view: ViewReader,
  kind: KindDescriptor<M>,
  namespace: string,
  matcher: LabelMatcher,
): readonly Stored<M>[] {
  return found(matcher, (label) =>
    label === undefined ? view.list(kind, { namespace }).filter(isOrphan) : view.orphansWithLabel(kind, namespace, ...label),
  );
}
