import type { CustomResourceDefinitionCondition, CustomResourceDefinitionManifest } from '../api/generated/models.ts';
import { deepEqual } from '../api/deep-equal.ts';
import type { KindDescriptor } from '../api/kind.ts';
import type { Stored } from '../api/object.ts';
import { formatTime } from '../api/time.ts';

type Definition = Stored<CustomResourceDefinitionManifest>;

/** A name that another kind of the group has already. */
export interface NamesConflict {
  /** `PluralConflict` and the like. */
  readonly reason: string;
  readonly message: string;
}

/** A name of a definition that another kind of its group has; undefined if it can have them all. */
export function namesConflict({ metadata, spec }: Definition, kinds: readonly KindDescriptor[]): NamesConflict | undefined {
  const { group, names } = spec!;
  const others = kinds.filter((kind) => kind.group === group && `${kind.plural}.${kind.group}` !== metadata.name);
  const taken = new Set(others.flatMap((kind) => [kind.plural, kind.singular, ...kind.shortNames]));
  const takenKinds = new Set(others.flatMap((kind) => [kind.kind, `${kind.kind}List`]));
  const used = (name: string): string => `${JSON.stringify(name)} is already in use`;
  const { plural, singular = '', shortNames = [], kind, listKind = '' } = names;
  const short = shortNames.find((name) => taken.has(name));
  // Of several the last is told, as Kubernetes does.
  if (takenKinds.has(listKind)) return { reason: 'ListKindConflict', message: used(listKind) };
  if (takenKinds.has(kind)) return { reason: 'KindConflict', message: used(kind) };
  if (short !== undefined) return { reason: 'ShortNamesConflict', message: used(short) };
  if (taken.has(singular)) return { reason: 'SingularConflict', message: used(singular) };
  return taken.has(plural) ? { reason: 'PluralConflict', message: used(plural) } : undefined;
}

/** The definition with a status that says whether it has its names and is served; the very same one if it says so already. */
export function withConditions(definition: Definition, conflict: NamesConflict | undefined, now: number): Definition {
  const before = definition.status?.conditions ?? [];
  const accepted = conflict === undefined;
  const was = before.some(({ type, status }) => type === 'Established' && status === 'True');
  const wanted: readonly Omit<CustomResourceDefinitionCondition, 'lastTransitionTime'>[] = [
    accepted
      ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
      : { type: 'NamesAccepted', status: 'False', ...conflict },
    accepted || was
      ? { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
      : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
  ];
  const conditions = wanted.map((condition): CustomResourceDefinitionCondition => {
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? formatTime(now) };
  });
  const storage = definition.spec!.versions.find((version) => version.storage)?.name;
  const stored = definition.status?.storedVersions ?? [];
  const status = {
    ...definition.status,
    acceptedNames: accepted || was ? definition.spec!.names : { plural: '', kind: '' },
    conditions,
    storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage],
  };
  return deepEqual(status, definition.status) ? definition : { ...definition, status };
}
