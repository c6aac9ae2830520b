import type { StoredObject } from '../../api/object.ts';

/** What differs between two runs that came to the same end: when things happened, and what chance called them. */
const passing = new Set(['resourceVersion', 'managedFields', 'generation', 'observedGeneration', 'uid']);
/** Says when the last change came to pass, on whatever way. */
const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time';
const isTime = (key: string): boolean => /(Time|Timestamp)$|^timeAdded$/.test(key);
const unseen = new Set(['Event', 'Lease']);

/** `Pod web-*`: generated names are as good as any other. */
function canonicalName(object: StoredObject): string {
  const { name, generateName } = object.metadata;
  return generateName === undefined ? name : `${generateName}*`;
}

/** Every object as text in which what is a matter of chance is left out; sorted, so that two ends can be compared. */
export function endState(objects: readonly StoredObject[]): readonly string[] {
  const seen = objects.filter((object) => !unseen.has(object.kind));
  const names = new Map<string, string>();
  for (const object of seen) {
    names.set(object.metadata.uid, `uid of ${object.kind} ${canonicalName(object)}`);
    if (object.metadata.generateName !== undefined) names.set(object.metadata.name, canonicalName(object));
  }
  const known = names.size === 0 ? undefined : new RegExp([...names.keys()].map((text) => text.replaceAll('.', '\\.')).join('|'), 'g');
  const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
  return seen
    .map((object) => {
      const text = JSON.stringify(object, (key, value: unknown) => (key === 'uid' ? value : canonical(key, value)));
      const named = known === undefined ? text : text.replace(known, (found) => names.get(found)!);
      return named.replace(uuid, 'uid of nobody') + freshness(object);
    })
    .sort();
}

function canonical(key: string, value: unknown): unknown {
  if (passing.has(key)) return undefined;
  if (isTime(key)) return 'then';
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const { [triggerTime]: _time, ...rest } = value as Readonly<Record<string, unknown>>;
  if (key === 'annotations' && Object.keys(rest).length === 0) return undefined;
  return Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function freshness({ metadata, status }: StoredObject): string {
  const observed = (status as { readonly observedGeneration?: number } | undefined)?.observedGeneration;
  return observed === undefined || observed === metadata.generation ? '' : ' (status is behind)';
}

/** What one end has and the other has not. */
export function endDifference(expected: readonly string[], found: readonly string[]): readonly string[] {
  const rest = [...found];
  const missing = expected.filter((each) => {
    const at = rest.indexOf(each);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return [...missing.map((each) => `missing: ${each}`), ...rest.map((each) => `too much: ${each}`)];
}
