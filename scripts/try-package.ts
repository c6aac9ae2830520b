/**
 * The package as a stranger gets it: packed, installed in an ESM and in a CJS project outside the repository, every entry
 * imported, both programs run and both type-checked. Needs `npm run build`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entryPoints, importName, typesOnly } from './entry-points.ts';

const root = join(import.meta.dirname, '..');
const place = mkdtempSync(join(tmpdir(), 'coxswain-package-'));
/** What both projects run: the virtual time of a clock of their own. */
const program = `
const clock = new ManualClock();
clock.schedule(clock.now() + 1000, () => console.log('works on Node ' + process.versions.node));
clock.moveTo(clock.now() + 1000);
clock.fireDue();
`;
const names = Object.keys(entryPoints)
  .filter((subpath) => !typesOnly.includes(subpath))
  .map(importName);

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], timeout: 300_000 });
}

function write(file: string, text: string): void {
  writeFileSync(join(place, file), text);
}

function install(): void {
  const [packed] = JSON.parse(run('npm', ['pack', '--silent', '--json', '--ignore-scripts', '--pack-destination', place], root)) as {
    filename: string;
  }[];
  write('package.json', '{ "private": true }\n');
  run(
    'npm',
    [
      'install',
      '--silent',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      `./${packed?.filename ?? ''}`,
      '@types/node@20',
      'typescript@6.0.3',
    ],
    place,
  );
}

function tryEsm(): void {
  write(
    'esm.mts',
    `import { ManualClock } from 'coxswain';\n${names.map((name, i) => `import * as entry${i} from '${name}';`).join('\n')}\n${check('entry')}${program}`,
  );
}

function tryCjs(): void {
  const imports = names.map((name, i) => `import entry${i} = require('${name}');`).join('\n');
  write(
    'cjs.cts',
    `import coxswain = require('coxswain');\nconst { ManualClock } = coxswain;\n${imports}\n${check('entry')}void (async () => {\n${program}})();\n`,
  );
}

function check(prefix: string): string {
  return `for (const entry of [${names.map((_, i) => `${prefix}${i}`).join(', ')}]) if (Object.keys(entry).length === 0) throw new Error('an entry exports nothing');\n`;
}

try {
  install();
  tryEsm();
  tryCjs();
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: { module: 'NodeNext', target: 'ES2023', lib: ['ES2023', 'ESNext.Disposable'], strict: true, types: ['node'] },
      files: ['esm.mts', 'cjs.cts'],
    }),
  );
  run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], place);
  for (const file of ['esm.mjs', 'cjs.cjs']) console.log(`${file}: ${run(process.execPath, [file], place).trim()}`);
} finally {
  rmSync(place, { recursive: true, force: true });
}
