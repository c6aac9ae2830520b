/** The letters Kubernetes makes such hashes of: no vowels, nothing that is mistaken for something else. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/**
 * What a template is called: follows from its content alone, whatever order its fields are in, and from how many names collided
 * before. Shown in labels and names, as `pod-template-hash` and `controller-revision-hash`.
 */
export function templateHash(template: unknown, collisionCount: number | undefined): string {
  let hash = fnv(0x811c9dc5, canonicalText(template));
  if (collisionCount !== undefined) hash = fnv(hash, `\0${collisionCount}`);
  return Array.from(String(hash), (digit) => alphabet[digit.charCodeAt(0) % alphabet.length]!).join('');
}

function fnv(start: number, text: string): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    each === null || typeof each !== 'object' || Array.isArray(each)
      ? each
      : Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}
