import type { Random } from '../env/random.ts';

/** No vowels and nothing that is mistaken for something else: generated names spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const nameMax = 63;

/** A name for `metadata.generateName`: the base, cut to 58 characters, and 5 random ones. */
export function generateName(base: string, random: Random): string {
  let suffix = '';
  for (let i = 0; i < suffixLength; i++) suffix += alphabet[random.integer(alphabet.length)];
  return base.slice(0, nameMax - suffixLength) + suffix;
}

/** What makes a child the child it is. */
export interface ChildIdentity {
  readonly ownerUid: string;
  /** Which of its owner's places it fills: an index, a node's name, a revision. */
  readonly slot: string | number;
  /** Counts up when the place must be filled again. Default 0. */
  readonly attempt?: number;
}

/**
 * The name of a child, following from its owner's uid, its slot and the attempt: creating it a second time from a stale view
 * gives AlreadyExists and not a double. The base is cut so that the whole is a DNS label.
 *
 * @example
 * childName('web-', { ownerUid: rc.metadata.uid, slot: 3 }); // 'web-7kq2m'
 */
export function childName(base: string, identity: ChildIdentity): string {
  return base.slice(0, nameMax - suffixLength) + hashSuffix(`${identity.ownerUid}\0${identity.slot}\0${identity.attempt ?? 0}`);
}

function mix(a: number): number {
  let h = a;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Five characters of the name alphabet that follow from a text, as long as Kubernetes' random ones. Two slots may meet: take the next attempt. */
function hashSuffix(text: string): string {
  let h = 0x9e3779b9 ^ text.length;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return letters(mix(h));
}

function letters(hash: number): string {
  let rest = hash;
  let text = '';
  for (let i = 0; i < suffixLength; i++) {
    text += alphabet[rest % alphabet.length];
    rest = Math.floor(rest / alphabet.length);
  }
  return text;
}
