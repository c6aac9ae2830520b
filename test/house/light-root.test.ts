import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const heavy = /[\\/]node_modules[\\/](dockerode|@grpc|lmdb|http-proxy|ws|protobufjs|ssh2|modern-tar|jose|yaml)[\\/]/;

/** Runs a program in a fresh Node and lists every module file it loaded, ESM and CJS alike. */
function loadedBy(program: string): readonly string[] {
  const hook = `
    import { registerHooks, register } from 'node:module';
    import { writeSync } from 'node:fs';
    export async function load(url, context, next) { writeSync(1, url + '\\n'); return next(url, context); }
    export {};`;
  const register = `
    import { register } from 'node:module';
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook.replace(/.*registerHooks.*\n/, ''))}));`;
  const args = [
    '--import',
    'tsx',
    '--import',
    `data:text/javascript,${encodeURIComponent(register)}`,
    '--input-type=module',
    '--eval',
    cjsToo(program),
  ];
  return execFileSync(process.execPath, args, { cwd: join(import.meta.dirname, '../..'), encoding: 'utf8' }).split('\n');
}

/** Modules that CommonJS code loads do not pass the hook: they are in `require.cache`. */
const cjsToo = (program: string): string =>
  `${program}; const { createRequire } = await import('node:module'); console.log(Object.keys(createRequire(process.cwd() + '/x.js').cache).join('\\n'));`;

test('importing the root loads nothing heavy', () => {
  const loaded = loadedBy("await import('./src/index.ts')");
  expect(loaded.filter((file) => file.includes('src/errors.ts'))).not.toEqual([]);
  expect(loaded.filter((file) => heavy.test(file))).toEqual([]);
});

test.each(['http-proxy', 'ws', 'jose', 'yaml'])('would see that %s was loaded', (guest) => {
  expect(loadedBy(`await import('${guest}')`).some((file) => heavy.test(file))).toBe(true);
});
