/**
 * Assembles the program of the sandbox image and writes `src/runtimes/docker/sandbox-program.ts`:
 *
 *     apt-get install binutils binutils-aarch64-linux-gnu
 *     npx tsx scripts/write-sandbox-program.ts
 *
 * The output is committed, so that nobody needs an assembler: a test compares it with the sources where there is one, and runs it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const tools = { amd64: '', arm64: 'aarch64-linux-gnu-' } as const;
const target = 'src/runtimes/docker/sandbox-program.ts';

/** The machine code of one architecture, in hexadecimal digits. */
export function assemble(architecture: keyof typeof tools): string {
  const folder = mkdtempSync(join(tmpdir(), 'coxswain-as-'));
  try {
    const [object, code] = [join(folder, 'program.o'), join(folder, 'program.bin')];
    const source = new URL(`sandbox-program/${architecture}.s`, import.meta.url).pathname;
    execFileSync(`${tools[architecture]}as`, [source, '-o', object]);
    execFileSync(`${tools[architecture]}objcopy`, ['-O', 'binary', '--only-section=.text', object, code]);
    return readFileSync(code).toString('hex');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function lines(hex: string): string {
  return (hex.match(/.{1,96}/g) ?? []).map((line) => `    '${line}'`).join(' +\n');
}

if (process.argv[1]?.endsWith('write-sandbox-program.ts') === true) {
  writeFileSync(
    target,
    `/** Made by scripts/write-sandbox-program.ts from scripts/sandbox-program/*.s: change those. Machine code in hexadecimal digits. */
export const sandboxProgram = {
  amd64:
${lines(assemble('amd64'))},
  arm64:
${lines(assemble('arm64'))},
} as const;
`,
  );
  console.log(`wrote ${target}`);
}
