import type { Plugin } from 'esbuild';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { entryPoints } from './entry-points.ts';

// From the repository's root, where the bundler runs.
const root = resolve(entryPoints['.']!);

/** The sources that somebody loads on demand: `await import('./x.ts')`. */
function loadedOnDemand(): readonly string[] {
  const sources = readdirSync(dirname(root), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  return sources.flatMap((file) => {
    const path = join(dirname(root), file);
    const found = readFileSync(path, 'utf8').matchAll(/\bimport\('(\.[^']+)'\)/g);
    return [...found].map(([, specifier]) => join(dirname(path), specifier!));
  });
}

/**
 * Has every other entry, and what is loaded on demand, import the package's root. The bundler makes a chunk of what is reached from the
 * same set of entries: so all that the root needs is one chunk and not twenty, each of which takes the start longer to find than to read.
 * The import itself is dropped again, since our modules do nothing when they are loaded (`ignored-bare-import` says so of each).
 */
export function rootFirst(): Plugin {
  const entries = Object.values(entryPoints).map((source) => resolve(source));
  const others = new Set([...entries, ...loadedOnDemand()].filter((path) => path !== root));
  return {
    name: 'root-first',
    setup(build) {
      build.initialOptions.logOverride = { ...build.initialOptions.logOverride, 'ignored-bare-import': 'silent' };
      build.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        others.has(path) ? { contents: `import ${JSON.stringify(root)}; ${readFileSync(path, 'utf8')}`, loader: 'ts' } : undefined,
      );
    },
  };
}
