/**
 * Every entry of the package, in one place: subpath -> source file. `tsup.config.ts` builds these, `npm run exports` writes
 * them into `package.json` (`exports`), `tsconfig.json` (`paths`) and `typedoc.json`, the API report is made for each, and a
 * house test fails where one of these disagrees. To add an entry: one line here, then `npm run exports`.
 */
export const entryPoints: Readonly<Record<string, string>> = {
  '.': 'src/index.ts',
  './dns': 'src/dns/index.ts',
  './models': 'src/api/generated/models.ts',
  './proxy': 'src/proxy/index.ts',
  './runtimes/docker': 'src/runtimes/docker/index.ts',
  './runtimes/in-process': 'src/runtimes/in-process/index.ts',
  './runtimes/process': 'src/runtimes/process/index.ts',
  './runtimes/simulated': 'src/runtimes/simulated/index.ts',
  './server': 'src/server/index.ts',
  './stores/etcd': 'src/stores/etcd-store.ts',
  './stores/lmdb': 'src/stores/lmdb-store.ts',
  './testing': 'src/testing/index.ts',
};

/** Entries that have types and no values. */
export const typesOnly: readonly string[] = ['./models'];

/** Files that the package starts as programs of their own (a shim, a worker) and that nobody imports by name: output name -> source. */
export const programs: Readonly<Record<string, string>> = {};

/** Where a subpath's bundle lies under `dist/`, without an extension: `.` -> `index`, `./stores/lmdb` -> `stores/lmdb`. */
export function outputName(subpath: string): string {
  return subpath === '.' ? 'index' : subpath.replace(/^\.\//, '');
}

/** The name a user imports: `.` -> `coxswain`, `./testing` -> `coxswain/testing`. */
export function importName(subpath: string): string {
  return subpath === '.' ? 'coxswain' : `coxswain/${outputName(subpath)}`;
}

/** What `exports` in `package.json` has to say. */
export function exportsField(): Readonly<Record<string, unknown>> {
  const field: Record<string, unknown> = {};
  for (const subpath of Object.keys(entryPoints)) {
    const file = `./dist/${outputName(subpath)}`;
    field[subpath] = {
      import: { types: `${file}.d.ts`, default: `${file}.js` },
      require: { types: `${file}.d.cts`, default: `${file}.cjs` },
    };
  }
  field['./package.json'] = './package.json';
  return field;
}

/** What `compilerOptions.paths` in `tsconfig.json` has to say, so that tests and examples import the sources by the package's name. */
export function pathsField(): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(entryPoints).map(([subpath, source]) => [importName(subpath), [`./${source}`]]));
}
