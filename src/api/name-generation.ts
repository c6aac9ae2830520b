import type { Random } from '../env/random.ts';

/** No vowels and nothing that is mistaken for something else: generated names spell no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const nameMax = 63;
/** 27^10: among 10,000 children of one owner two names are equal once in four million clusters. */
const childSuffixLength = 10;

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
 * childName('web-', { ownerUid: rc.metadata.uid, slot: 3 }); // 'web-7kq2mzx4bd'
 */
export function childName(base: string, identity: ChildIdentity): string {
  return base.slice(0, nameMax - childSuffixLength) + hashSuffix(`${identity.ownerUid}\0${identity.slot}\0${identity.attempt ?? 0}`);
}

function mix(a: number): number {
  let h = a;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}

/** Ten characters of the name alphabet (47 bits) that follow from a text; the two halves are mixed apart. */
export function hashSuffix(text: string): string {
  let a = 0x9e3779b9 ^ text.length;
  let b = 0x85ebca6b;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul((b ^ c) + ((b << 7) | (b >>> 25)), 0xc2b2ae35);
  }
  return letters(mix(a ^ (b >>> 11))) + letters(mix(b ^ Math.imul(a, 0x27d4eb2f)));
}

function letters(hash: number): string {
  let rest = hash;
  let text = '';
  for (let i = 0; i < childSuffixLength / 2; i++) {
    text += alphabet[rest % alphabet.length];
    rest = Math.floor(rest / alphabet.length);
  }
  return text;
}
