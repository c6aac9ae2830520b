import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Lock = Readonly<Record<string, Locked>>;

/** What a package of the lock file needs and would not find: `npm ci` refuses such a file on a machine that has nothing installed. */
function missing(packages: Lock): readonly string[] {
  return Object.entries(packages).flatMap(([path, { dependencies, devDependencies, optionalDependencies }]) => {
    const wanted = Object.keys({ ...dependencies, ...optionalDependencies, ...(path === '' ? devDependencies : {}) });
    return wanted.filter((name) => !reachable(packages, path, name)).map((name) => `${path || '.'} needs ${name}`);
  });
}

/** As Node looks: in the package's own node_modules, then in those of the folders around it. */
function reachable(packages: Lock, from: string, name: string): boolean {
  for (let place = from; ; place = place.slice(0, Math.max(place.lastIndexOf('/node_modules/'), 0))) {
    if (packages[`${place === '' ? '' : `${place}/`}node_modules/${name}`] !== undefined) return true;
    if (place === '') return false;
  }
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Lock };

test('the lock file holds everything it names, for every platform (npm run lock)', () => {
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  expect(missing(packages)).toEqual([]);
});

test('the lock file knows the dependencies of package.json', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Locked;
  expect(packages['']?.dependencies).toEqual(manifest.dependencies);
  expect(packages['']?.devDependencies).toEqual(manifest.devDependencies);
});

test('a package that is not there is found missing, nested ones are not', () => {
  const lock: Lock = {
    '': { dependencies: { a: '1' } },
    'node_modules/a': { dependencies: { b: '1' }, optionalDependencies: { 'c-darwin': '1' } },
    'node_modules/a/node_modules/b': { dependencies: { a: '1' } },
  };
  expect(missing(lock)).toEqual(['node_modules/a needs c-darwin']);
});
