/**
 * Compiles the program of the relay's image and writes `src/runtimes/docker/relay-program.ts`:
 *
 *     apt-get install gcc gcc-aarch64-linux-gnu
 *     npx tsx scripts/write-relay-program.ts
 *
 * The output is committed, so that nobody needs a compiler: a test compares it with the source where there is one of the same version, and
 * runs it.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtHex, programConstant } from './machine-code.ts';
import type { Architecture } from './machine-code.ts';

const tools = { amd64: 'gcc', arm64: 'aarch64-linux-gnu-gcc' } as const;
const target = 'src/runtimes/docker/relay-program.ts';
/** No C library, nothing that is found at run time, and nothing in the file but what runs. */
const flags = [
  ...['-std=c11', '-Wall', '-Wextra', '-Werror', '-Os', '-static', '-nostdlib', '-ffreestanding', '-fno-builtin', '-fno-pic', '-no-pie'],
  ...['-fno-tree-loop-distribute-patterns', '-fno-stack-protector', '-fno-asynchronous-unwind-tables', '-fno-unwind-tables', '-fno-ident'],
  ...['-Wl,-n', '-Wl,--build-id=none', '-Wl,-z,noseparate-code', '-Wl,-z,norelro', '-Wl,-z,noexecstack', '-s'],
];

/** The version of an architecture's compiler; rejects with the system's error if there is none. */
export const compilerVersion = (architecture: Architecture): string =>
  execFileSync(tools[architecture], ['-dumpfullversion'], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();

/** The program of one architecture, a file that Linux runs, in hexadecimal digits. */
export const compile = (architecture: Architecture): string =>
  builtHex((folder) => {
    const program = join(folder, 'relay');
    execFileSync(tools[architecture], [...flags, new URL('relay-program/relay.c', import.meta.url).pathname, '-o', program]);
    return program;
  });

if (process.argv[1]?.endsWith('write-relay-program.ts') === true) {
  writeFileSync(
    target,
    `/** Made by scripts/write-relay-program.ts from scripts/relay-program/relay.c: change that. Files that Linux runs, in hexadecimal digits. */
${programConstant('relayProgram', compile)}
/** The compiler they are of. */
export const relayCompiler = '${compilerVersion('amd64')}';
`,
  );
  console.log(`wrote ${target}`);
}
