import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { measuresOf } from '../../bench/suites.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

function bench(...options: readonly string[]): Promise<{ readonly code: number; readonly output: string; readonly said: string }> {
  const args = ['--import', 'tsx', 'bench/run.ts', ...options];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root }, (error, output, said) => resolve({ code: Number(error?.code ?? 0), output, said }));
  });
}

test('names pick figures of a suite, in the order of the suite', async () => {
  const all = (await measuresOf('store')).map(({ name }) => name);
  const [first = '', second = ''] = all;
  expect(all.length).toBeGreaterThan(1);
  expect((await measuresOf('store', [second, first])).map(({ name }) => name)).toEqual([first, second]);
});

test('a name that no figure has ends the command with 1, and it says which there are', async () => {
  const names = (await measuresOf('store')).map(({ name }) => name).join(', ');
  expect(await bench('--suite', 'store', '--only', `nonsense,${names.split(', ')[0]}`)).toEqual({
    code: 1,
    output: '',
    said: `--only: expected names out of ${names} (suite store), got nonsense\n`,
  });
});

test('so does a suite that there is not', async () => {
  const { code, said } = await bench('--suite', 'toString');
  expect({ code, said }).toEqual({ code: 1, said: '--suite: expected one of api, core, docker, store, got toString\n' });
});
