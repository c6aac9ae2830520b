import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codesInSources, errorClasses, firstColumn } from './error-codes.ts';
import { isProduct, repository, Source } from './source.ts';

const files = repository();
const page = readFileSync('docs/errors.md', 'utf8');
const subclass = /\bclass \w+ extends \w*Error\b/;
const sorted = (names: Iterable<string>): readonly string[] => [...names].sort();

test('docs/errors.md has every error code of the sources, and no other', () => {
  expect(sorted(firstColumn(page, 'Codes'))).toEqual(sorted(codesInSources(files)));
});

test('docs/errors.md has every class of src/errors.ts, and no other', () => {
  const source = files.find(({ path }) => path === 'src/errors.ts');
  expect(sorted(firstColumn(page, 'Classes'))).toEqual(sorted(errorClasses(source ?? new Source('', ''))));
});

test('every error class is in src/errors.ts', () => {
  const strangers = files.filter((file) => isProduct(file) && file.path !== 'src/errors.ts').filter(({ text }) => subclass.test(text));
  expect(strangers.map(({ path }) => path)).toEqual([]);
  expect(subclass.test('class SocketError extends Error {')).toBe(true);
});

test('codes are found wherever an error is made', () => {
  const text = `
    throw new StoreError('STORE_LOCKED', 'x');
    throw new RuntimeError(known ? 'RUNTIME_A' : 'RUNTIME_B', 'x');
    class E extends ApiError { constructor() { super(418, 'Teapot', 'x'); } }
    class F extends CoxswainError { constructor() { super('WAIT_LONG', 'x'); } }
    f('NOT_A_CODE');`;
  expect(sorted(codesInSources([new Source('src/api/x.ts', text)]))).toEqual([
    'API_Teapot',
    'RUNTIME_A',
    'RUNTIME_B',
    'STORE_LOCKED',
    'WAIT_LONG',
  ]);
});
