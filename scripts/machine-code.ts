/** What the scripts share that make programs of images: their files become text that is committed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The architectures that images are for. */
export type Architecture = 'amd64' | 'arm64';

/** The file that a build leaves in a folder of its own, in hexadecimal digits. @param build Returns the file's path. */
export function builtHex(build: (folder: string) => string): string {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-build-'));
  try {
    return readFileSync(build(folder)).toString('hex');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A constant of that name in TypeScript, which has the digits of each architecture. */
export function programConstant(name: string, hexOf: (architecture: Architecture) => string): string {
  const lines = (hex: string): string => (hex.match(/.{1,128}/g) ?? []).map((line) => `    '${line}'`).join(' +\n');
  return `export const ${name} = {
  amd64:
${lines(hexOf('amd64'))},
  arm64:
${lines(hexOf('arm64'))},
} as const;
`;
}
