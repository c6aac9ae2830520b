import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { withMatrix } from '../../scripts/support-matrix.ts';

/** Fields of what a host may write and nothing in a cluster has to act upon. */
const carried = new Set([
  // A model of which every use is told of above.
  ...['ContainerRestartRule.exitCodes', 'EndpointHints.forNodes', 'ConfigMapNodeConfigSource.kubeletConfigKey'],
]);

test('docs/support.md says of every field what the cluster does (npm run support)', () => {
  const page = readFileSync('docs/support.md', 'utf8');
  expect(page).toContain('`hostUsers`');
  expect(withMatrix(page)).toBe(page);
});

test('what docs/support.md says is honoured, some code outside the schema and the list of exceptions knows by name', () => {
  const words = wordsOfTheSource();
  const rows = readFileSync('docs/support.md', 'utf8').matchAll(/^\| `(\w+)` \| (.+?) \| yes \| yes \| yes \| yes \|/gm);
  const fields = Array.from(rows).flatMap(([, model, names]) =>
    Array.from(names!.matchAll(/`(\w+)`/g), ([, name]) => `${model!}.${name!}`),
  );
  expect(fields.length).toBeGreaterThan(200);
  const unknown = fields.filter((field) => !words.has(field.slice(field.indexOf('.') + 1)) && !carried.has(field));
  expect(unknown).toEqual([]);
});

function wordsOfTheSource(): ReadonlySet<string> {
  const words = new Set<string>();
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.includes('generated') || file.endsWith('kinds/unsupported-fields.ts')) continue;
    const code = readFileSync(`src/${file}`, 'utf8').replaceAll(/\/\*.*?\*\/|^[ \t]*\/\/[^\n]*$/gms, '');
    for (const [word] of code.matchAll(/[A-Za-z_]\w*/g)) words.add(word);
  }
  return words;
}
