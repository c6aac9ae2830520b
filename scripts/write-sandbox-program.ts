/**
 * Assembles the program of the sandbox image and writes `src/runtimes/docker/sandbox-program.ts`:
 *
 *     apt-get install binutils binutils-aarch64-linux-gnu
 *     npx tsx scripts/write-sandbox-program.ts
 *
 * The output is committed, so that nobody needs an assembler: a test compares it with the sources where there is one, and runs it.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtHex, programConstant } from './machine-code.ts';
import type { Architecture } from './machine-code.ts';

const tools = { amd64: '', arm64: 'aarch64-linux-gnu-' } as const;
const target = 'src/runtimes/docker/sandbox-program.ts';

/** The machine code of one architecture, in hexadecimal digits. */
export const assemble = (architecture: Architecture): string =>
  builtHex((folder) => {
    const [object, code] = [join(folder, 'program.o'), join(folder, 'program.bin')];
    const source = new URL(`sandbox-program/${architecture}.s`, import.meta.url).pathname;
    execFileSync(`${tools[architecture]}as`, [source, '-o', object]);
    execFileSync(`${tools[architecture]}objcopy`, ['-O', 'binary', '--only-section=.text', object, code]);
    return code;
  });

if (process.argv[1]?.endsWith('write-sandbox-program.ts') === true) {
  writeFileSync(
    target,
    `/** Made by scripts/write-sandbox-program.ts from scripts/sandbox-program/*.s: change those. Machine code in hexadecimal digits. */
${programConstant('sandboxProgram', assemble)}`,
  );
  console.log(`wrote ${target}`);
}
