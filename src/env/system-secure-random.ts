import { randomBytes, randomInt } from 'node:crypto';
import type { SecureRandom } from './random.ts';

/** The operating system's source of secrets. */
export class SystemSecureRandom implements SecureRandom {
  bytes(length: number): Uint8Array {
    return randomBytes(length);
  }
}

/** A seed nobody chose, for clusters that were given none. */
export function systemSeed(): number {
  return randomInt(2 ** 32);
}
